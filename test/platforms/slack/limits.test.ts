import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPace } from '../../../src/platforms/slack/pace.ts';
import { createSlowEngine } from '../../doubles/slow-engine.ts';
import { messagesSeenBy } from '../../emulators/slack/seen.ts';
import { BOB } from '../../emulators/slack/workspace.ts';
import { openStudio, PATIENCE, type Studio } from './studio.ts';

describe("Slack's limits", () => {
  let studio: Studio;
  afterEach(() => studio.close());
  const open = async (postIntervalMs = 0) => {
    studio = await openStudio({ env: { EASEL_COUNT: '1' }, postIntervalMs });
  };
  const texts = (channel = 'CART') =>
    messagesSeenBy(studio.slack, { channel }).map((one) => studio.seen(one)?.text ?? '');
  const isDone = (index: number, channel = 'CART') =>
    expect
      .poll(() => studio.seen(messagesSeenBy(studio.slack, { channel })[index])?.pictures, PATIENCE)
      .toEqual([expect.stringContaining('fox')]);
  const refused = () => studio.slack.calls.filter(({ error }) => error === 'ratelimited').length;

  it('of posts in a channel are kept by waiting in line, in the order that people asked', async () => {
    await open(500);
    studio.slack.traps.postIntervalMs = 200;
    for (const colour of ['red', 'blue', 'green', 'black']) {
      await studio.slack.hands.command(`/imagine a ${colour} fox`);
    }
    for (let index = 0; index < 4; index++) await isDone(index);
    expect(refused()).toBe(0);
    expect(texts().map((text) => text.slice(0, 9))).toEqual(['**a red f', '**a blue ', '**a green', '**a black']);
  });

  it('are obeyed to the second, and other channels do not wait', async () => {
    await open();
    studio.slack.traps.failures.set('chat.postMessage', [{ kind: 'limited', retryAfterS: 2 }]);
    const begun = performance.now();
    await studio.slack.hands.command('/imagine a fox');
    await expect.poll(refused, PATIENCE).toBe(1);
    await studio.slack.hands.command('/imagine a fox', { channel: 'CSIDE' });
    await isDone(0, 'CSIDE');
    const posted = () => studio.slack.calls.filter(({ method }) => method === 'chat.postMessage').length;
    expect(posted()).toBe(2);
    await isDone(0);
    expect(performance.now() - begun).toBeGreaterThan(2000);
    expect(posted()).toBe(3);
  });

  it('of edits and uploads lose nothing', async () => {
    await open();
    for (const method of ['chat.update', 'files.getUploadURLExternal', 'files.info']) {
      studio.slack.traps.failures.set(method, [{ kind: 'limited', retryAfterS: 1 }]);
    }
    await studio.slack.hands.command('/imagine a fox');
    await isDone(0);
    await expect.poll(() => texts()[0], PATIENCE).toContain('seed');
  });
});

describe('When more is asked than Slack takes', () => {
  let studio: Studio;
  afterEach(() => studio.close());
  const facesOf = (index: number) => {
    const message = messagesSeenBy(studio.slack)[index];
    return studio.slack.workspace.history.get(`${message?.channel}/${message?.ts}`) ?? [];
  };
  const calls = (method: string) => studio.slack.calls.filter((call) => call.method === method).length;

  it('a picture that is finished before its message could be posted is posted at once, in one call', async () => {
    studio = await openStudio({ env: { EASEL_COUNT: '1' }, postIntervalMs: 2500 });
    await studio.slack.hands.command('/imagine a red fox');
    await studio.slack.hands.command('/imagine a blue fox');
    await expect.poll(() => studio.seen(messagesSeenBy(studio.slack)[1])?.text, PATIENCE).toContain('a blue fox');
    const faces = facesOf(1).map((face) => studio.seen(face)?.text ?? '');
    expect(faces).toEqual([expect.stringMatching(/a blue fox.*\nseed/s)]);
    expect(calls('chat.postMessage')).toBe(2);
  });

  it('edits that only tell of progress stop before the finished picture would have to wait', async () => {
    const engine = createSlowEngine();
    studio = await openStudio({ env: { EASEL_COUNT: '1' }, engine: () => engine });
    await studio.slack.hands.command('/imagine a fox');
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
      .poll(() => facesOf(0).length > 0 && studio.seen(facesOf(0).at(-1))?.pictures, PATIENCE)
      .toHaveLength(1);
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  it('a first word that has to wait for finished pictures is told to the person alone, and the picture comes', async () => {
    studio = await openStudio({ env: { EASEL_COUNT: '1' } });
    const { hands, traps } = studio.slack;
    // Slack asks to be left alone: ends of jobs wait for their edit.
    traps.failures.set('chat.update', [{ kind: 'limited', retryAfterS: 12 }]);
    await hands.command('/imagine a red fox');
    await expect.poll(() => calls('chat.update'), PATIENCE).toBe(1);
    await hands.command('/imagine a blue fox', { person: BOB });
    const told = () => messagesSeenBy(studio.slack, { person: BOB }).find(({ onlyFor }) => onlyFor === BOB.id);
    await expect.poll(() => studio.seen(told())?.text, PATIENCE).toMatch(/^Your picture is in line\./);
    const texts = () => messagesSeenBy(studio.slack).map((one) => studio.seen(one)?.text ?? '');
    await expect.poll(() => texts()[1], PATIENCE).toMatch(/^\*\*a blue fox\*\*.*\nseed/);
    expect(texts()[0]).not.toContain('seed');
    await expect.poll(() => texts()[0], { timeout: 20_000 }).toContain('seed');
  }, 40_000);

  it('a preview stays in the place of newer ones, which are not uploaded', async () => {
    const engine = createSlowEngine();
    studio = await openStudio({ env: { EASEL_COUNT: '1' }, engine: () => engine });
    await studio.slack.hands.command('/imagine a fox');
    const run = await engine.begun(0);
    for (let step = 1; step <= 40; step++) {
      run.step(step, 100, true);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const percent = () => studio.seen(facesOf(0).at(-1))?.text;
    await expect.poll(percent, { timeout: 20_000, interval: 100 }).toContain('(40%)');
    expect(studio.seen(facesOf(0).at(-1))?.pictures).toEqual(['Preview: a fox']);
    expect(calls('files.getUploadURLExternal')).toBeLessThan(16);
    run.finish();
    await expect.poll(() => studio.seen(facesOf(0).at(-1))?.pictures, PATIENCE).toEqual(['Picture: a fox']);
    await expect
      .poll(() => [...studio.slack.workspace.files.values()].map(({ name }) => name), PATIENCE)
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
    const pace = createPace(60_000 / 50, 20);
    expect(await turnsWithin(60_000, () => pace.turn(never))).toBeLessThanOrEqual(20 + 50);
  });

  it('stands still for as long as it is told to', async () => {
    const pace = createPace(10, 1);
    pace.pause(5000);
    expect(await turnsWithin(4990, () => pace.turn(never))).toBe(0);
    await vi.advanceTimersByTimeAsync(20);
  });

  it('lets the urgent go first, the others in their order, and after a pause one by one', async () => {
    const pace = createPace(1000, 20);
    pace.pause(3000);
    const gone: string[] = [];
    for (const [name, isUrgent] of [
      ['preview', false],
      ['progress', false],
      ['picture', true],
    ] as const) {
      void pace.turn(never, isUrgent).then(() => gone.push(name));
    }
    expect(pace.roomInMs(0)).toBe(6000);
    await vi.advanceTimersByTimeAsync(3000);
    expect(gone).toEqual(['picture']);
    await vi.advanceTimersByTimeAsync(2000);
    expect(gone).toEqual(['picture', 'preview', 'progress']);
  });

  it('says how long it is until some turns would be left for others', () => {
    const pace = createPace(1000, 20);
    expect(pace.roomInMs(19)).toBe(0);
    void pace.turn(never);
    expect(pace.roomInMs(18)).toBe(0);
    expect(pace.roomInMs(19)).toBe(1000);
  });

  it('lets nobody wait in vain', async () => {
    const pace = createPace(10, 1);
    pace.pause(5000);
    const leaving = new AbortController();
    const turn = expect(pace.turn(leaving.signal)).rejects.toThrow('enough');
    leaving.abort(new Error('enough'));
    await turn;
  });
});
