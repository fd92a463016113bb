import type { BotStatus, ChannelPort } from '../platforms/port.ts';
import type { JobQueue, QueueSnapshot } from '../queue/port.ts';

export interface PresenceOptions {
  readonly queue: JobQueue;
  readonly ports: readonly ChannelPort[];
  /** Settles when the default model is in memory or has failed to get there. */
  readonly loading: Promise<unknown>;
}

/** Tells the channels that can show it what the bot is doing. Call before the queue begins to work. */
export function createPresence({ queue, ports, loading }: PresenceOptions): void {
  const channels = ports.filter((port) => port.present !== undefined);
  if (channels.length === 0) return;
  let isLoading = true;
  let shown: string | undefined;
  let isStale = false;
  let isAsking = false;

  /** One question at a time, so that no answer is shown after a later one. Where none comes the next event asks again. */
  async function showLatest(): Promise<void> {
    isStale = true;
    if (isAsking) return;
    isAsking = true;
    try {
      while (isStale) {
        isStale = false;
        present(statusOf(await queue.snapshot({ first: 0 }), isLoading));
      }
    } finally {
      isAsking = false;
    }
  }

  function present(status: BotStatus): void {
    const key = `${status.kind} ${status.running} ${status.waiting}`;
    if (key === shown) return;
    shown = key;
    for (const port of channels) port.present?.(status);
  }

  const show = () => void showLatest().catch(() => undefined);
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

function statusOf({ running, waiting }: QueueSnapshot, isLoading: boolean): BotStatus {
  const kind = isLoading ? 'loading' : running + waiting > 0 ? 'busy' : 'idle';
  return { kind, running, waiting };
}
