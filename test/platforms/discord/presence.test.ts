import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPresenceThrottle } from '../../../src/platforms/discord/presence.ts';
import type { BotStatus } from '../../../src/platforms/port.ts';

describe("the bot's presence", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('changes at most 5 times in 20 seconds, and ends with the latest', () => {
    const sent: { readonly at: number; readonly waiting: number }[] = [];
    const throttle = createPresenceThrottle(({ waiting }) => sent.push({ at: performance.now(), waiting }));
    for (let waiting = 0; waiting <= 600; waiting += 1) {
      throttle.show({ kind: 'busy', running: 1, waiting } satisfies BotStatus);
      vi.advanceTimersByTime(100);
    }
    vi.advanceTimersByTime(10_000);
    expect(sent.at(-1)?.waiting).toBe(600);
    for (const { at } of sent) {
      expect(sent.filter((other) => other.at >= at && other.at < at + 20_000).length).toBeLessThanOrEqual(5);
    }
  });
});
