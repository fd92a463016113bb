import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPace } from '../../../src/platforms/slack/pace.ts';
import { messagesSeenBy } from '../../emulators/slack/seen.ts';
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

  it('lets nobody wait in vain', async () => {
    const pace = createPace(10, 1);
    pace.pause(5000);
    const leaving = new AbortController();
    const turn = expect(pace.turn(leaving.signal)).rejects.toThrow('enough');
    leaving.abort(new Error('enough'));
    await turn;
  });
});
