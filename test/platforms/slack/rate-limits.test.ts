import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenBucket } from '../../../src/platforms/shared/token-bucket.ts';
import { createControlledEngine } from '../../doubles/controlled-engine.ts';
import { messagesVisibleTo } from '../../emulators/slack/visible-message.ts';
import { BOB } from '../../emulators/slack/workspace.ts';
import { openSlackFixture, PATIENCE, type SlackFixture } from './slack-fixture.ts';

describe("Slack's limits", () => {
  let fixture: SlackFixture;
  afterEach(() => fixture.close());
  const open = async (postIntervalMs = 0) => {
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, postIntervalMs });
  };
  const texts = (channel = 'CART') =>
    messagesVisibleTo(fixture.slack, { channel }).map((one) => fixture.visible(one)?.text ?? '');
  const isDone = (index: number, channel = 'CART') =>
    expect
      .poll(() => fixture.visible(messagesVisibleTo(fixture.slack, { channel })[index])?.pictures, PATIENCE)
      .toEqual([expect.stringContaining('fox')]);
  const refused = () => fixture.slack.calls.filter(({ error }) => error === 'ratelimited').length;

  it('of posts in a channel are kept by waiting in line, in the order that people asked', async () => {
    await open(500);
    fixture.slack.faults.postIntervalMs = 200;
    for (const colour of ['red', 'blue', 'green', 'black']) {
      await fixture.slack.actions.command(`/imagine a ${colour} fox`);
    }
    for (let index = 0; index < 4; index++) await isDone(index);
    expect(refused()).toBe(0);
    expect(texts().map((text) => text.slice(0, 9))).toEqual(['**a red f', '**a blue ', '**a green', '**a black']);
  });

  it('are obeyed to the second, and other channels do not wait', async () => {
    await open();
    fixture.slack.faults.failures.set('chat.postMessage', [{ kind: 'limited', retryAfterS: 2 }]);
    const begun = performance.now();
    await fixture.slack.actions.command('/imagine a fox');
    await expect.poll(refused, PATIENCE).toBe(1);
    await fixture.slack.actions.command('/imagine a fox', { channel: 'CSIDE' });
    await isDone(0, 'CSIDE');
    const posted = () => fixture.slack.calls.filter(({ method }) => method === 'chat.postMessage').length;
    expect(posted()).toBe(2);
    await isDone(0);
    expect(performance.now() - begun).toBeGreaterThan(2000);
    expect(posted()).toBe(3);
  });

  it('of edits and uploads lose nothing', async () => {
    await open();
    for (const method of ['chat.update', 'files.getUploadURLExternal', 'files.info']) {
      fixture.slack.faults.failures.set(method, [{ kind: 'limited', retryAfterS: 1 }]);
    }
    await fixture.slack.actions.command('/imagine a fox');
    await isDone(0);
    await expect.poll(() => texts()[0], PATIENCE).toContain('seed');
  });
});

describe('When more is asked than Slack takes', () => {
  let fixture: SlackFixture;
  afterEach(() => fixture.close());
  const facesOf = (index: number) => {
    const message = messagesVisibleTo(fixture.slack)[index];
    return fixture.slack.workspace.history.get(`${message?.channel}/${message?.ts}`) ?? [];
  };
  const calls = (method: string) => fixture.slack.calls.filter((call) => call.method === method).length;

  it('a picture that is finished before its message could be posted is posted at once, in one call', async () => {
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, postIntervalMs: 2500 });
    await fixture.slack.actions.command('/imagine a red fox');
    await fixture.slack.actions.command('/imagine a blue fox');
    await expect
      .poll(() => fixture.visible(messagesVisibleTo(fixture.slack)[1])?.text, PATIENCE)
      .toContain('a blue fox');
    const faces = facesOf(1).map((face) => fixture.visible(face)?.text ?? '');
    expect(faces).toEqual([expect.stringMatching(/a blue fox.*\nseed/s)]);
    expect(calls('chat.postMessage')).toBe(2);
  });

  it('edits that only tell of progress stop before the finished picture would have to wait', async () => {
    const engine = createControlledEngine();
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, engine: () => engine });
    await fixture.slack.actions.command('/imagine a fox');
    const run = await engine.begun(0);
    for (let step = 1; step <= 60; step++) {
      run.step(step, 100);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    // Slack takes 50 edits a minute, of which 20 at once.
    expect(calls('chat.update')).toBeGreaterThan(5);
    expect(calls('chat.update')).toBeLessThan(16);
    const begun = performance.now();
    run.finish();
    await expect
      .poll(() => facesOf(0).length > 0 && fixture.visible(facesOf(0).at(-1))?.pictures, PATIENCE)
      .toHaveLength(1);
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  it('a first word that has to wait for finished pictures is told to the person alone, and the picture comes', async () => {
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' } });
    const { actions, faults } = fixture.slack;
    // Slack asks to be left alone: ends of jobs wait for their edit.
    faults.failures.set('chat.update', [{ kind: 'limited', retryAfterS: 12 }]);
    await actions.command('/imagine a red fox');
    await expect.poll(() => calls('chat.update'), PATIENCE).toBe(1);
    await actions.command('/imagine a blue fox', { person: BOB });
    const told = () => messagesVisibleTo(fixture.slack, { person: BOB }).find(({ onlyFor }) => onlyFor === BOB.id);
    await expect.poll(() => fixture.visible(told())?.text, PATIENCE).toMatch(/^Your picture is in the queue\./);
    const texts = () => messagesVisibleTo(fixture.slack).map((one) => fixture.visible(one)?.text ?? '');
    await expect.poll(() => texts()[1], PATIENCE).toMatch(/^\*\*a blue fox\*\*.*\nseed/);
    expect(texts()[0]).not.toContain('seed');
    await expect.poll(() => texts()[0], { timeout: 20_000 }).toContain('seed');
  }, 40_000);

  it('a preview stays in the place of newer ones, which are not uploaded', async () => {
    const engine = createControlledEngine();
    fixture = await openSlackFixture({ env: { EASEL_COUNT: '1' }, engine: () => engine });
    await fixture.slack.actions.command('/imagine a fox');
    const run = await engine.begun(0);
    for (let step = 1; step <= 40; step++) {
      run.step(step, 100, true);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const percent = () => fixture.visible(facesOf(0).at(-1))?.text;
    await expect.poll(percent, { timeout: 20_000, interval: 100 }).toContain('(40%)');
    expect(fixture.visible(facesOf(0).at(-1))?.pictures).toEqual(['Preview: a fox']);
    expect(calls('files.getUploadURLExternal')).toBeLessThan(16);
    run.finish();
    await expect.poll(() => fixture.visible(facesOf(0).at(-1))?.pictures, PATIENCE).toEqual(['Picture: a fox']);
    await expect
      .poll(() => [...fixture.slack.workspace.files.values()].map(({ name }) => name), PATIENCE)
      .toEqual([expect.stringMatching(/^easel-[0-9a-z]+\.png$/)]);
  });
});

describe('a pace', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const never = new AbortController().signal;

  async function turnsWithin(ms: number, take: () => Promise<void>): Promise<number> {
    let taken = 0;
    const keepTaking = async () => {
      for (;;) {
        await take();
        taken += 1;
      }
    };
    keepTaking().catch(() => undefined);
    await vi.advanceTimersByTimeAsync(ms);
    return taken;
  }

  it('lets through a burst, and then no more than its tier', async () => {
    const bucket = createTokenBucket(60_000 / 50, 20);
    expect(await turnsWithin(60_000, () => bucket.take(never))).toBeLessThanOrEqual(20 + 50);
  });

  it('stands still for as long as it is told to', async () => {
    const bucket = createTokenBucket(10, 1);
    bucket.pause(5000);
    expect(await turnsWithin(4990, () => bucket.take(never))).toBe(0);
    await vi.advanceTimersByTimeAsync(20);
  });

  it('lets the urgent go first, the others in their order, and after a pause one by one', async () => {
    const bucket = createTokenBucket(1000, 20);
    bucket.pause(3000);
    const gone: string[] = [];
    for (const [name, isUrgent] of [
      ['preview', false],
      ['progress', false],
      ['picture', true],
    ] as const) {
      void bucket.take(never, isUrgent).then(() => gone.push(name));
    }
    expect(bucket.availableInMs(0)).toBe(6000);
    await vi.advanceTimersByTimeAsync(3000);
    expect(gone).toEqual(['picture']);
    await vi.advanceTimersByTimeAsync(2000);
    expect(gone).toEqual(['picture', 'preview', 'progress']);
  });

  it('says how long it is until some turns would be left for others', () => {
    const bucket = createTokenBucket(1000, 20);
    expect(bucket.availableInMs(19)).toBe(0);
    void bucket.take(never);
    expect(bucket.availableInMs(18)).toBe(0);
    expect(bucket.availableInMs(19)).toBe(1000);
  });

  it('lets nobody wait in vain', async () => {
    const bucket = createTokenBucket(10, 1);
    bucket.pause(5000);
    const leaving = new AbortController();
    const turn = expect(bucket.take(leaving.signal)).rejects.toThrow('enough');
    leaving.abort(new Error('enough'));
    await turn;
  });
});
