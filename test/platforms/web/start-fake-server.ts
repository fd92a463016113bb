import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./fake-server.ts', import.meta.url));

/** `fake-server.ts` in a process of its own; resolves when it listens. */
export async function startFakeServer(options: {
  dataFolder: string;
  port?: number;
  stepMs?: number;
}): Promise<{ readonly process: ChildProcess; readonly url: string }> {
  const { dataFolder, port = 0, stepMs = 20 } = options;
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', SCRIPT, '--data', dataFolder, '--port', String(port), '--step', String(stepMs)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { process: child, url: line.toString().trim() };
}

/** Ends it as a power cut would. */
export async function killServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
