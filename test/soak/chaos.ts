/**
 * `npm run chaos`: honest and hostile people on all platforms at once, at the real bot with the real engine and the
 * embedded model, while its processes are killed and stopped.
 *
 *     npm run chaos -- --minutes 10 --seed 7
 *
 * Fails when anything was lost or doubled, or when an honest person waited longer than a second for an acknowledgement;
 * the time in which the bot was dead or starting does not count. Linux only.
 */
import { parseArgs } from 'node:util';
import { runChaos } from './chaos/run.ts';

const MAX_ACK_MS = 1000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    /** Requests a second of honest people, and of hostile ones. */
    honest: { type: 'string', default: '2' },
    hostile: { type: 'string', default: '0.5' },
    /** Seconds between two faults, on average. */
    faults: { type: 'string', default: '25' },
    /** Seconds after which an engine counts as hung; without it, the bot's own limit. */
    stall: { type: 'string' },
  },
});

const report = await runChaos({
  seconds: Number(values.minutes) * 60,
  seed: Number(values.seed),
  honestRate: Number(values.honest),
  hostileRate: Number(values.hostile),
  faultEveryMs: Number(values.faults) * 1000,
  scale: 1,
  quietMs: 30_000,
  ...(values.stall !== undefined && { stallMs: Number(values.stall) * 1000 }),
});
const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value);
process.stdout.write(`${JSON.stringify({ seed: Number(values.seed), ...report }, rounded, 2)}\n`);
const isLate = report.ackMs.max > MAX_ACK_MS;
if (isLate) process.stdout.write(`An honest person waited longer than ${MAX_ACK_MS} ms.\n`);
process.exit(isLate || report.wrong.length > 0 || report.leftThinking.length > 0 ? 1 : 0);
