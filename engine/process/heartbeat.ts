import { Worker } from 'node:worker_threads';

/** The pipe from the engine's process to its host that carries beats: the first after Node's own channel. */
export const BEAT_FD = 4;
const BEAT_MS = 1000;

/**
 * Beats from a thread of its own, so that a process whose main thread is busy in a network still does, and one that was
 * stopped (SIGSTOP, a frozen container) does not. It ends with the process.
 */
export function startHeartbeat(): void {
  // A pipe whose host is gone takes no beats; the process ends by itself then.
  const beat = `
    const { writeSync } = require('node:fs');
    setInterval(() => { try { writeSync(${BEAT_FD}, '.'); } catch {} }, ${BEAT_MS});
  `;
  const worker = new Worker(beat, { eval: true, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 8 } });
  // Without a thread to spare, the host judges by what the process says alone.
  worker.on('error', () => undefined);
  worker.unref();
}
