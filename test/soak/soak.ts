/**
 * `npm run soak`: a thousand simulated people over the emulated platforms, through the real clients, at the real bot with
 * the real engine and the embedded model, asking for more than it can draw.
 *
 *     npm run soak -- --minutes 2 --people 300 --rate 4
 *
 * Fails when a picture was lost or posted twice, when the 99th percentile of acknowledgements reaches 500 ms, or when
 * memory grows in a run of three minutes or more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { specOf } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import { isSettled } from '../../src/core/job-state.ts';
import { jobsOf, startBot, stopBot } from './bot.ts';
import { drain, percentile } from './counting.ts';
import type { Crowd } from './crowd.ts';
import { createDiscordCrowd } from './discord-crowd.ts';
import { watchMemory } from './memory.ts';
import { createSlackCrowd } from './slack-crowd.ts';
import { createWebCrowd } from './web-crowd.ts';

const MAX_ACK_MS = 500;
/** Megabytes a minute, in the second half of a run; before, caches and the heap still fill. */
const MAX_SLOPE = 5;
const MIN_MINUTES_FOR_SLOPE = 3;
const QUIET_MS = 30_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    people: { type: 'string', default: '1000' },
    /** Requests a second, all people together. */
    rate: { type: 'string', default: '8' },
  },
});
const [minutes, people, rate] = [Number(values.minutes), Number(values.people), Number(values.rate)];

/** What the people heard: milliseconds each time, and how often they heard nothing in time. */
async function letThemAsk(crowds: readonly Crowd[], until: number): Promise<{ acks: number[]; unheard: number }> {
  const acks: number[] = [];
  let [unheard, asked] = [0, 0];
  const asking = new Set<Promise<void>>();
  while (performance.now() < until) {
    const crowd = pick(crowds);
    asked += 1;
    const line = lineOf(crowd, asked);
    const ask = crowd
      .ask(Math.floor(Math.random() * crowd.people), line)
      .catch((error: unknown) => void process.stderr.write(`${crowd.platform} ${line}: ${error}\n`))
      .then((ms) => {
        if (typeof ms === 'number') acks.push(ms);
        else unheard += 1;
      })
      .finally(() => asking.delete(ask));
    asking.add(ask);
    // As independent people come.
    await sleep((-Math.log(1 - Math.random()) / rate) * 1000);
  }
  await Promise.all(asking);
  return { acks, unheard };
}

/** By their share of the people. */
function pick(crowds: readonly Crowd[]): Crowd {
  let left = Math.random() * people;
  for (const crowd of crowds) {
    left -= crowd.people;
    if (left < 0) return crowd;
  }
  const [first] = crowds;
  if (first === undefined) throw new Error('nobody is there');
  return first;
}

function lineOf({ platform }: Crowd, number: number): string {
  const chance = Math.random();
  if (chance < 0.08) return '/queue';
  if (chance < 0.13) return '/cancel';
  return `/imagine soak${platform}${number}x --steps 4 --count 1`;
}

/** Names what is wrong with what people see of these jobs. */
async function compare(jobs: readonly Job[], crowds: readonly Crowd[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const crowd of crowds) {
    const seen = new Map<string, { count: number; hasPicture: boolean }>();
    for (const { text, hasPicture } of await crowd.look()) {
      const prompt = /soak[a-z]+\d+x/.exec(text)?.[0];
      // On the web the person's own line is a message as well, and no reply of Easel's.
      if (prompt === undefined) continue;
      seen.set(prompt, { count: (seen.get(prompt)?.count ?? 0) + 1, hasPicture });
    }
    for (const job of jobs) {
      if (job.channel.platform !== crowd.platform) continue;
      const { prompt } = specOf(job.task);
      const { count, hasPicture } = seen.get(prompt) ?? { count: 0, hasPicture: false };
      if (!isSettled(job)) wrong.push(`${prompt} is not settled: ${job.state}`);
      if (count !== 1) wrong.push(`${prompt} (${job.state}) stands ${count} times`);
      if (hasPicture !== (job.state === 'delivered')) wrong.push(`${prompt} is ${job.state}, picture: ${hasPicture}`);
    }
  }
  return wrong;
}

const folder = mkdtempSync(join(tmpdir(), 'easel-soak-'));
const third = Math.floor(people / 3);
const crowds = [createWebCrowd(people - 2 * third), await createDiscordCrowd(third), await createSlackCrowd(third)];
const env = Object.assign({ PORT: '0', EASEL_LOG_LEVEL: 'error' }, ...crowds.map((crowd) => crowd.env));
const { bot, url } = await startBot(folder, env);
bot.stderr?.pipe(process.stderr);
process.once('exit', () => bot.kill('SIGKILL'));
for (const crowd of crowds) {
  await crowd.begin(url);
  process.stderr.write(`the bot is on ${crowd.platform}\n`);
}
const memory = watchMemory(bot.pid ?? 0);
const { acks, unheard } = await letThemAsk(crowds, performance.now() + minutes * 60_000);
const remembered = memory.report();
memory.stop();
await drain(crowds, QUIET_MS);
const webSeen = await crowds[0]?.look();
await stopBot(bot);
const jobs = await jobsOf(folder);
const [web, ...others] = crowds;
const wrong = await compare(jobs, [{ ...(web ?? createWebCrowd(0)), look: async () => webSeen ?? [] }, ...others]);
for (const crowd of crowds) await crowd.end();
rmSync(folder, { recursive: true });

const sorted = acks.toSorted((a, b) => a - b);
const states = new Map<string, number>();
for (const { state } of jobs) states.set(state, (states.get(state) ?? 0) + 1);
const report = {
  people,
  minutes,
  asked: acks.length + unheard,
  unheard,
  jobs: Object.fromEntries(states),
  ackMs: {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1),
  },
  load: loadavg(),
  memory: remembered,
  wrong: wrong.slice(0, 20),
};
process.stdout.write(
  `${JSON.stringify(report, (_, value) => (typeof value === 'number' ? Math.round(value * 10) / 10 : value), 2)}\n`,
);
const failed =
  wrong.length > 0 ||
  unheard > 0 ||
  report.ackMs.p99 >= MAX_ACK_MS ||
  (minutes >= MIN_MINUTES_FOR_SLOPE && Math.max(remembered.shellSlope, remembered.engineSlope) > MAX_SLOPE);
process.exit(failed ? 1 : 0);
