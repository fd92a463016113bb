import type { BotStatus, ChannelPort } from '../platforms/port.ts';
import type { JobQueue } from '../queue/port.ts';

export interface PresenceOptions {
  readonly queue: JobQueue;
  readonly ports: readonly ChannelPort[];
  /** Settles when the default model is in memory or has failed to get there. */
  readonly loading: Promise<unknown>;
}

/** Tells the channels that can show it what the bot is doing. Call before the queue begins to work. */
export function createPresence({ queue, ports, loading }: PresenceOptions): void {
  const showing = ports.filter((port) => port.present !== undefined);
  if (showing.length === 0) return;
  let isLoading = true;
  let shown: string | undefined;

  function show(): void {
    const status = statusOf(queue, isLoading);
    const key = `${status.kind} ${status.running} ${status.waiting}`;
    if (key === shown) return;
    shown = key;
    for (const port of showing) port.present?.(status);
  }

  const loaded = () => {
    isLoading = false;
    show();
  };
  loading.then(loaded, loaded);
  queue.onQueued(show);
  queue.onProgress(show);
  queue.onOutcome(show);
  show();
}

function statusOf(queue: JobQueue, isLoading: boolean): BotStatus {
  const pending = queue.pending();
  const running = pending.filter((job) => job.state === 'running').length;
  const kind = isLoading ? 'loading' : pending.length > 0 ? 'busy' : 'idle';
  return { kind, running, waiting: pending.length - running };
}
