import { Worker } from 'node:worker_threads';

/** The pipe from the engine's process to its host that carries beats: the first after Node's own channel. */
export const BEAT_FD = 4;
const BEAT_MS = 1000;

/**
 * Beats from a thread of its own, so that a process whose main thread is busy in a network still does, and one that was
 * stopped (SIGSTOP, a frozen container) does not. It ends with the process.
 * @returns resolves when the host has the first beat, or none will come
 */
export function startHeartbeat(): Promise<void> {
  // A pipe whose host is gone takes no beats; the process ends by itself then.
  const code = `
    const { writeSync } = require('node:fs');
    const beat = () => { try { writeSync(${BEAT_FD}, '.'); } catch {} };
    beat();
    require('node:worker_threads').parentPort.postMessage('begun');
    setInterval(beat, ${BEAT_MS});
  `;
  const worker = new Worker(code, { eval: true, execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: 8 } });
  return new Promise((resolve) => {
    worker.once('message', () => resolve());
    // Without a thread to spare, the host judges by what the process says alone.
    worker.on('error', () => resolve());
    worker.unref();
  });
}
