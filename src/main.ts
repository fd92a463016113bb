import { setTimeout as sleep } from 'node:timers/promises';
import { isEngineError } from '../engine/index.ts';
import { type App, createApp } from './app.ts';
import { readConfig } from './config.ts';
import { EaselError } from './errors.ts';

/** Jobs are on disk, so nothing is lost when the bot is ended before it has let go of everything. */
const STOP_LIMIT_MS = 10_000;
const THREADS_POLL_MS = 20;
/** Node's names for what a thread does: reading and writing files, looking up host names. */
const THREADED = /^(?:FSReq|GetAddrInfo)/i;

function stopOnSignals(app: App): void {
  let stopping = false;
  const stop = () => {
    if (stopping) endNow();
    stopping = true;
    setTimeout(endNow, STOP_LIMIT_MS).unref();
    app.stop().then(exitWhenThreadsRest, fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/** `process.exit` waits for threads, without end for one that reads from a disk that has gone. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}

async function exitWhenThreadsRest(): Promise<never> {
  while (process.getActiveResourcesInfo().some((name) => THREADED.test(name))) await sleep(THREADS_POLL_MS);
  process.exit(0);
}

/** Trouble that has a sentence is told by it; anything else is a bug and shows where. */
function fail(error: unknown): never {
  const known = error instanceof EaselError || isEngineError(error);
  process.stderr.write(`${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

try {
  const app = await createApp(readConfig(process.env));
  stopOnSignals(app);
  await app.start();
  process.stdout.write([`Easel is at ${app.url}`, ...app.welcomes, ''].join('\n'));
} catch (error) {
  fail(error);
}
