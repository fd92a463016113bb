import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EMBEDDED_MODEL = fileURLToPath(new URL('../../../models/sketch/model_index.json', import.meta.url));
const TINY_MODEL = fileURLToPath(new URL('../../fixtures/models/tiny-conv', import.meta.url));

export interface RunningEasel {
  readonly url: string;
  /** Ends npm, the bot and its engine at once, as a power cut would. */
  kill(): Promise<void>;
}

/** `npm start`, as a person would; with the tiny test model where the embedded one is missing. */
export async function startEasel(options: { dataFolder: string; port?: number }): Promise<RunningEasel> {
  const { dataFolder, port = 0 } = options;
  const model = existsSync(EMBEDDED_MODEL) ? {} : { EASEL_MODEL: TINY_MODEL };
  const child = spawn('npm', ['start', '--silent'], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port), EASEL_DATA: dataFolder, ...model },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A process group of its own, so that all of it can be ended.
    detached: true,
  });
  const url = await readUrl(child);
  return {
    url,
    async kill() {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, 'close');
      process.kill(-child.pid, 'SIGKILL');
      await closed;
    },
  };
}

async function readUrl(child: ChildProcess): Promise<string> {
  let printed = '';
  for await (const chunk of child.stdout ?? []) {
    printed += String(chunk);
    const url = /http:\/\/\S+/.exec(printed)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error(`npm start ended early: ${printed}`);
}
