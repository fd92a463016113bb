import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Job } from '../../src/core/job.ts';
import { openStore } from '../../src/store/store.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url);

/**
 * Starts the bot in a process of its own.
 * @param env beside the data folder
 * @param main the module that the process runs
 * @param onSpawn told of the process before it is ready
 * @returns once it says where it is; its standard error is piped
 * @throws Error when it ends before that
 */
export async function startBot(
  folder: string,
  env: Readonly<Record<string, string>>,
  main = MAIN,
  onSpawn: (bot: ChildProcess) => void = () => undefined,
): Promise<{ bot: ChildProcess; url: string }> {
  const bot = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), fileURLToPath(main)], {
    env: { PATH: process.env.PATH, EASEL_DATA: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onSpawn(bot);
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    bot.stdout.on('data', (chunk) => {
      out += String(chunk);
      const found = /http:\/\/\S+/.exec(out)?.[0];
      if (found !== undefined) resolve(found);
    });
    bot.once('exit', (code, signal) => reject(new Error(`the bot ended with ${code ?? signal}`)));
  });
  return { bot, url };
}

export async function stopBot(bot: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (bot.exitCode !== null || bot.signalCode !== null) return;
  const exited = once(bot, 'exit');
  bot.kill(signal);
  await exited;
}

/** All jobs on the disk of a bot that has ended. */
export async function jobsOf(folder: string): Promise<readonly Job[]> {
  const store = openStore(folder, async () => new Uint8Array());
  const jobs: Job[] = [];
  for await (const job of store.jobs.all()) jobs.push(job);
  await store.close();
  return jobs;
}
