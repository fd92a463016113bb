import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from './dice.ts';
import type { SupervisedBot } from './supervised-bot.ts';

const MAX_DEAD_MS = 2000;
const MAX_STARTING_MS = 3000;

export interface FaultCounts {
  botKilled: number;
  botKilledStarting: number;
  engineKilled: number;
  engineStopped: number;
}

/**
 * Kills and stops the bot's processes, one after the other, each of the kinds once before any comes again.
 * Ends when the time is over and each kind has been there.
 * @param everyMs between the end of one fault and the next, on average
 * @param until in `performance.now()`
 */
export async function breakThings(
  bot: SupervisedBot,
  dice: Dice,
  everyMs: number,
  until: number,
): Promise<FaultCounts> {
  const counts: FaultCounts = { botKilled: 0, botKilledStarting: 0, engineKilled: 0, engineStopped: 0 };
  const kinds = ['bot', 'engine', 'stop', 'bot', 'starting'] as const;
  let left = [...kinds];
  for (;;) {
    const gapMs = everyMs * (0.5 + dice.share());
    if (performance.now() + gapMs > until && Object.values(counts).every((count) => count > 0)) return counts;
    await sleep(gapMs);
    const [kind] = left.splice(dice.below(left.length), 1);
    if (left.length === 0) left = [...kinds];
    const deadMs = dice.share() * MAX_DEAD_MS;
    switch (kind) {
      case 'bot':
        await bot.kill(deadMs);
        counts.botKilled += 1;
        break;
      case 'starting':
        await bot.kill(deadMs, dice.share() * MAX_STARTING_MS);
        counts.botKilledStarting += 1;
        break;
      case 'engine':
        if (bot.killEngine()) counts.engineKilled += 1;
        break;
      case 'stop':
        if (bot.stopEngine()) counts.engineStopped += 1;
        break;
    }
  }
}
