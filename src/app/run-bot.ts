import { setTimeout as sleep } from 'node:timers/promises';
import { fileOf, isEngineError } from '../../engine/index.ts';
import { EaselError } from '../core/errors.ts';
import { createLog } from '../lib/log.ts';
import { type App, createApp } from './app.ts';
import { readConfig } from './config.ts';

/** Jobs are on disk, so nothing is lost when the bot is ended before it has let go of everything. */
const STOP_LIMIT_MS = 10_000;
const THREADS_POLL_MS = 20;
/** Node's names for what a thread does: reading and writing files, looking up host names. */
const THREADED = /^(?:FSReq|GetAddrInfo)/i;
/** Ctrl+C reaches the bot from the terminal, and again from npm: only a later one is a second wish. */
const SAME_SIGNAL_MS = 1000;

/**
 * The bot in this process, from its start until a signal ends it, or npm, which started it, is gone.
 * @param npmGone see `whenNpmIsGone`
 */
export async function runBot(npmGone: Promise<void> | undefined): Promise<void> {
  try {
    const config = readConfig(process.env);
    const log = createLog(config.logLevel);
    const creating = createApp(config, { log });
    const stop = createStop(creating);
    void npmGone?.then(() => {
      log.warn('npm, which started Easel, has ended; Easel shuts down');
      stop();
    });
    const app = await creating;
    stopOnSignals(stop);
    await app.start();
    process.stdout.write([`Easel is running at ${app.url}`, ...app.welcomes, ''].join('\n'));
  } catch (error) {
    fail(error);
  }
}

/** @returns what ends the process as soon as the bot has let go of everything, or at `STOP_LIMIT_MS`, however often called */
function createStop(creating: Promise<App>): () => void {
  let isStopping = false;
  return () => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(endNow, STOP_LIMIT_MS).unref();
    creating.then((app) => app.stop()).then(exitWhenThreadsRest, fail);
  };
}

/** `process.exit` waits for threads, without end for one that reads from a disk that has gone. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function exitWhenThreadsRest(): Promise<never> {
  while (process.getActiveResourcesInfo().some((name) => THREADED.test(name))) await sleep(THREADS_POLL_MS);
  process.exit(0);
}

function stopOnSignals(stop: () => void): void {
  let firstAt: number | undefined;
  const signalled = () => {
    firstAt ??= performance.now();
    if (performance.now() - firstAt > SAME_SIGNAL_MS) endNow();
    stop();
  };
  process.on('SIGINT', signalled);
  process.on('SIGTERM', signalled);
}

/** Trouble that has a sentence is told by it; anything else is a bug and shows where. */
function fail(error: unknown): never {
  const known = error instanceof EaselError || isEngineError(error);
  const file = isEngineError(error) ? fileOf(error) : undefined;
  const place = file === undefined ? '' : ` (${file})`;
  process.stderr.write(
    `${known ? `${error.message}${place}` : error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
}
