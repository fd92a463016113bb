/**
 * `npm run soak`: a thousand simulated people over the emulated platforms, through the real clients, at the real bot with
 * the real engine and the embedded model, asking for more than it can draw.
 *
 *     npm run soak -- --minutes 2 --people 300 --rate 4
 *
 * Fails when a picture was lost or posted twice, when the 99th percentile of acknowledgements reaches 500 ms, or when
 * memory grows in a run of three minutes or more.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { specOf } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import { isSettled } from '../../src/core/job-state.ts';
import { openStore } from '../../src/store/store.ts';
import type { Crowd } from './crowd.ts';
import { createDiscordCrowd } from './discord-crowd.ts';
import { watchMemory } from './memory.ts';
import { createSlackCrowd } from './slack-crowd.ts';
import { createWebCrowd } from './web-crowd.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const MAX_ACK_MS = 500;
/** Megabytes a minute, in the second half of a run; before, caches and the heap still fill. */
const MAX_SLOPE = 5;
const MIN_MINUTES_FOR_SLOPE = 3;
const DRAIN_MINUTES = 20;
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

async function startBot(folder: string, crowds: readonly Crowd[]): Promise<{ bot: ChildProcess; url: string }> {
  const env = { PATH: process.env.PATH, PORT: '0', EASEL_DATA: folder, EASEL_LOG_LEVEL: 'error' };
  const bot = spawn(process.execPath, ['--import', 'tsx', MAIN], {
    env: Object.assign(env, ...crowds.map((crowd) => crowd.env)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    bot.stdout.on('data', (chunk) => {
      out += String(chunk);
      const found = /http:\/\/\S+/.exec(out)?.[0];
      if (found !== undefined) resolve(found);
    });
    bot.once('exit', (code) => reject(new Error(`the bot ended with ${code}`)));
  });
  return { bot, url };
}

async function stop(bot: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => bot.once('exit', resolve));
  bot.kill('SIGTERM');
  await exited;
}

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

async function jobsOf(folder: string): Promise<readonly Job[]> {
  const store = openStore(folder, async () => new Uint8Array());
  const jobs: Job[] = [];
  for await (const job of store.jobs.all()) jobs.push(job);
  await store.close();
  return jobs;
}

/**
 * Waits until nobody's message says any more that it is waited for, and none has come for a while: what a platform's
 * rate limits hold up has no message yet.
 */
async function drain(crowds: readonly Crowd[]): Promise<void> {
  const until = performance.now() + DRAIN_MINUTES * 60_000;
  let [count, quietSince] = [0, performance.now()];
  while (performance.now() < until && performance.now() - quietSince < QUIET_MS) {
    const seen = (await Promise.all(crowds.map((crowd) => crowd.look()))).flat();
    const pending = seen.filter(({ text }) => /\((waiting|starting|held|\d+%)/.test(text));
    if (pending.length > 0 || seen.length !== count) {
      [count, quietSince] = [seen.length, performance.now()];
      process.stderr.write(`${count} messages, ${pending.length} of them still to be drawn\n`);
    }
    await sleep(5000);
  }
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

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), 'easel-soak-'));
const third = Math.floor(people / 3);
const crowds = [createWebCrowd(people - 2 * third), await createDiscordCrowd(third), await createSlackCrowd(third)];
const { bot, url } = await startBot(folder, crowds);
process.once('exit', () => bot.kill('SIGKILL'));
for (const crowd of crowds) {
  await crowd.begin(url);
  process.stderr.write(`the bot is on ${crowd.platform}\n`);
}
const memory = watchMemory(bot.pid ?? 0);
const { acks, unheard } = await letThemAsk(crowds, performance.now() + minutes * 60_000);
const remembered = memory.report();
memory.stop();
await drain(crowds);
const webSeen = await crowds[0]?.look();
await stop(bot);
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
