import { createRequire } from 'node:module';
import type { Engine } from '../../engine/index.ts';
import type { BotHealth } from '../core/bot-health.ts';
import type { JobQueue } from '../queue/port.ts';

/** Read at its place, so that there is one version. */
const { version }: { version: string } = createRequire(import.meta.url)('../../package.json');

/** Watches how the bot fares. Call before the queue begins to work. */
export function createHealth(
  queue: JobQueue,
  engine: Pick<Engine, 'memoryBytes' | 'devices'>,
  limits: BotHealth['limits'],
): () => BotHealth {
  const startedAt = performance.now();
  const begunAt = new Map<string, number>();
  let lastRender: BotHealth['lastRender'];

  queue.onProgress((job, { step }) => {
    if (step === 0) begunAt.set(job.id, performance.now());
  });
  queue.onOutcome(({ kind, job }) => {
    const began = begunAt.get(job.id);
    begunAt.delete(job.id);
    if (kind === 'rendered' && began !== undefined) lastRender = { job, tookMs: performance.now() - began };
  });

  return () => ({
    version,
    uptimeMs: performance.now() - startedAt,
    memoryBytes: process.memoryUsage.rss(),
    ...(engine.memoryBytes !== undefined && { engineBytes: engine.memoryBytes }),
    ...(engine.devices !== undefined && { devices: engine.devices }),
    ...(lastRender !== undefined && { lastRender }),
    limits,
  });
}
