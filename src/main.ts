import { fileOf, isEngineError } from '../engine/index.ts';
import { type App, createApp } from './app.ts';
import { readConfig } from './config.ts';
import { EaselError } from './errors.ts';

/** Jobs are on disk, so nothing is lost when the bot is ended before it has let go of everything. */
const STOP_LIMIT_MS = 10_000;

function stopOnSignals(app: App): void {
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    app.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/** Trouble that has a sentence is told by it; anything else is a bug and shows where. */
function fail(error: unknown): never {
  const known = error instanceof EaselError || isEngineError(error);
  const file = isEngineError(error) ? fileOf(error) : undefined;
  process.stderr.write(
    `${known ? `${error.message}${file === undefined ? '' : ` (${file})`}` : error instanceof Error ? error.stack : String(error)}\n`,
  );
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
