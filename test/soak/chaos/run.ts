import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobsOf } from '../bot.ts';
import { drain, percentile } from '../counting.ts';
import { createDiscordCrowd } from '../discord-crowd.ts';
import { createSlackCrowd } from '../slack-crowd.ts';
import { createWebCrowd } from '../web-crowd.ts';
import { makeBombs } from './bombs.ts';
import { Dice } from './dice.ts';
import { createDiscordPeople } from './discord-people.ts';
import { breakThings, type FaultCounts } from './faults.ts';
import { BLOCKED } from './lines.ts';
import { HONEST, HOSTILE, type People } from './people.ts';
import { ProcessorWait } from './processor-wait.ts';
import { createScene } from './scene.ts';
import { createSlackPeople } from './slack-people.ts';
import { SupervisedBot } from './supervised-bot.ts';
import { type Count, type Deed, judge } from './verdict.ts';
import { createWebPeople } from './web-people.ts';

export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Requests a second, all people of a kind together. */
  readonly honestRate: number;
  readonly hostileRate: number;
  /** Milliseconds between two faults, on average. */
  readonly faultEveryMs: number;
  /** Of the hostile pictures; see `makeBombs`. */
  readonly scale: number;
  /** Milliseconds after which an engine counts as hung; the bot's own limit when absent. */
  readonly stallMs?: number;
  /** Milliseconds without any news after which nothing more is expected. */
  readonly quietMs: number;
}

export interface ChaosReport extends Count {
  readonly faults: FaultCounts;
  readonly deeds: { readonly honest: number; readonly hostile: number };
  /** What honest people waited for an acknowledgement while the bot was there, in milliseconds. */
  readonly ackMs: Readonly<Record<'p50' | 'p95' | 'p99' | 'max', number>>;
  /** The same without the time in which the bot's main thread was ready and other programs had the processors. */
  readonly ackMsOfBot: ChaosReport['ackMs'];
  /** Honest requests that were not acknowledged because the bot was dead or starting. */
  readonly unheardInOutages: number;
  readonly outageSeconds: number;
  readonly slowest: readonly string[];
  /** 99th percentile of this process's own delay: the emulators' part in the waiting. */
  readonly ownDelayMs: number;
  readonly load: readonly number[];
  readonly log: Readonly<Record<string, number>>;
}

const SHORT_STALL_BOT = new URL('./short-stall-bot.ts', import.meta.url);
const SLOWEST = 5;

/** One chaos run, from an empty data folder until everything has drained; what it finds wrong is in `wrong`. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const dice = new Dice(options.seed);
  const folder = mkdtempSync(join(tmpdir(), 'easel-chaos-'));
  const everybody = HONEST + HOSTILE;
  const [web, discord, slack] = [
    createWebCrowd(everybody),
    await createDiscordCrowd(everybody),
    await createSlackCrowd(everybody),
  ];
  slack.slack.faults.postIntervalMs = 0;
  const links = new Map<string, () => boolean>();
  const bot = new SupervisedBot({
    ...{ folder, port: await freePort(), links },
    main: options.stallMs === undefined ? undefined : SHORT_STALL_BOT,
    env: {
      ...{ EASEL_LOG_LEVEL: 'warn', EASEL_WEB_MODERATORS: 'everyone', EASEL_COUNT: '1' },
      ...(options.stallMs !== undefined && { CHAOS_STALL_MS: String(options.stallMs) }),
      ...Object.assign({}, discord.env, slack.env),
    },
  });
  const all: readonly People[] = [
    createWebPeople(web, bot, dice),
    createDiscordPeople(discord, dice),
    createSlackPeople(slack, dice),
  ];
  for (const { crowd, isConnected } of all) links.set(crowd.platform, isConnected);
  const delay = monitorEventLoopDelay();
  const starved = new ProcessorWait(() => bot.pid);
  try {
    const bombs = await makeBombs(options.scale);
    await bot.start();
    await web.begin(bot.url);
    await all[0]?.say(0, `/channel --block "${BLOCKED.join(', ')}"`);
    const until = performance.now() + options.seconds * 1000;
    delay.enable();
    const scene = createScene({ all, bot, dice, bombs });
    let isOver = false;
    const [faults] = await Promise.all([
      breakThings(bot, dice, options.faultEveryMs, until).finally(() => {
        isOver = true;
      }),
      come(
        () => scene.honest(),
        dice,
        options.honestRate,
        () => isOver,
      ),
      come(
        () => scene.hostile(),
        dice,
        options.hostileRate,
        () => isOver,
      ),
    ]);
    delay.disable();
    await scene.settled();
    const drained = await drain([web, discord, slack], options.quietMs);
    const seen = new Map([
      ['web', await web.look()],
      ['discord', await discord.look()],
      ['slack', await slack.look()],
    ]);
    const left = await bot.end();
    const count = judge(
      scene.deeds,
      await jobsOf(folder),
      seen,
      bot.outages.map(({ from }) => from),
    );
    const wrong = [
      ...count.wrong,
      ...scene.troubles,
      ...bot.unordered,
      ...(drained ? [] : ['not everything came to an end']),
      ...left.map((pid) => `the engine's process ${pid} outlived the bot`),
    ];
    return {
      ...count,
      ...{ wrong, faults, log: Object.fromEntries(bot.log), load: loadavg(), ownDelayMs: delay.percentile(99) / 1e6 },
      deeds: {
        honest: scene.deeds.filter(({ isHonest }) => isHonest).length,
        hostile: scene.deeds.filter(({ isHonest }) => !isHonest).length + scene.bombsThrown(),
      },
      ...waits(scene.deeds, bot, starved),
    };
  } finally {
    starved.stop();
    await bot.end();
    await discord.end();
    await slack.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * How long honest people waited. A request during which the platform had a bot all the time counts from its first sending.
 * One that met an outage counts from the sending that was acknowledged, less what of that was outage: what came before is
 * the platform's or the page's own waiting until it sends again.
 */
function waits(deeds: readonly Deed[], bot: SupervisedBot, starved: ProcessorWait) {
  const waited: { readonly ms: number; readonly ofBot: number; readonly of: string }[] = [];
  let unheardInOutages = 0;
  for (const { platform, what, marker, isHonest, heard } of deeds) {
    if (!isHonest) continue;
    const { from, to, ackMs } = heard;
    const hasOutage = bot.downMs(platform, from, to) > 0;
    if (hasOutage && ackMs === undefined) unheardInOutages += 1;
    else {
      const since = hasOutage && ackMs !== undefined ? to - ackMs : from;
      const ms = to - since - bot.downMs(platform, since, to);
      const ofBot = Math.max(0, ms - starved.between(since, to));
      waited.push({ ms, ofBot, of: `${platform} ${what} ${marker ?? ''}`.trim() });
    }
  }
  const slowest = waited.toSorted((a, b) => b.ms - a.ms).slice(0, SLOWEST);
  return {
    ackMs: percentilesOf(waited.map(({ ms }) => ms)),
    ackMsOfBot: percentilesOf(waited.map(({ ofBot }) => ofBot)),
    slowest: slowest.map(({ ms, ofBot, of }) => `${Math.round(ms)} ms, of the bot ${Math.round(ofBot)}: ${of}`),
    unheardInOutages,
    outageSeconds: bot.downMs('web', 0, performance.now()) / 1000,
  };
}

function percentilesOf(values: readonly number[]): ChaosReport['ackMs'] {
  const sorted = values.toSorted((a, b) => a - b);
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentile(sorted, share));
  return { p50: p50 ?? 0, p95: p95 ?? 0, p99: p99 ?? 0, max: sorted.at(-1) ?? 0 };
}

/** As independent people come. */
async function come(act: () => void, dice: Dice, perSecond: number, isOver: () => boolean): Promise<void> {
  for (;;) {
    await sleep(dice.gapMs(perSecond));
    if (isOver()) return;
    act();
  }
}

/** The bot's address stays the same when it is started again. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('there is no free port');
  return address.port;
}
