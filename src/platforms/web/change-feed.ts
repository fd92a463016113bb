import { randomBytes } from 'node:crypto';

/** Changes a follower may have missed and still resume; beyond that it reads the channel again. */
const REMEMBERED_CHANGES = 1000;

export interface FeedItem {
  /** Where to resume after this item. */
  readonly cursor: string;
  readonly messageId: string;
}

export interface FeedSubscription {
  /** False when changes may have been missed: read the channel again. */
  readonly resumed: boolean;
  /** The next changed message; several changes of one message count once. `idle` after `timeoutMs` without any. */
  next(timeoutMs: number): Promise<FeedItem | 'idle' | 'closed'>;
  close(): void;
}

/** Tells followers which messages changed; what they say now is read when it is sent, so slow followers skip steps. */
export interface ChangeFeed {
  announce(messageId: string): void;
  /** The place after every change so far, `EPOCH.NUMBER`; the epoch changes with every start of the process. */
  cursor(): string;
  /** @param after a cursor; without one, from now on. */
  subscribe(after?: string): FeedSubscription;
  readonly followers: number;
  close(): void;
}

class Follower implements FeedSubscription {
  readonly resumed: boolean;
  /** Message id → number of its last change, in the order of the changes. */
  readonly #pending: Map<string, number>;
  readonly #cursorOf: (change: number) => string;
  readonly #onClose: (follower: Follower) => void;
  #wake: () => void = () => {};
  #closed = false;

  constructor(options: {
    resumed: boolean;
    pending: Map<string, number>;
    cursorOf: (change: number) => string;
    onClose: (follower: Follower) => void;
  }) {
    this.resumed = options.resumed;
    this.#pending = options.pending;
    this.#cursorOf = options.cursorOf;
    this.#onClose = options.onClose;
  }

  add(messageId: string, change: number): void {
    this.#pending.delete(messageId);
    this.#pending.set(messageId, change);
    this.#wake();
  }

  async next(timeoutMs: number): Promise<FeedItem | 'idle' | 'closed'> {
    if (this.#pending.size === 0 && !this.#closed) await this.#sleep(timeoutMs);
    if (this.#closed) return 'closed';
    for (const [messageId, change] of this.#pending) {
      this.#pending.delete(messageId);
      return { messageId, cursor: this.#cursorOf(change) };
    }
    return 'idle';
  }

  close(): void {
    this.#closed = true;
    this.#onClose(this);
    this.#wake();
  }

  #sleep(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export function createChangeFeed(): ChangeFeed {
  const epoch = randomBytes(6).toString('hex');
  const cursorOf = (change: number) => `${epoch}.${change}`;
  const followers = new Set<Follower>();
  const recent: { messageId: string; change: number }[] = [];
  let lastChange = 0;

  /** Changes after the cursor, or undefined when they are no longer known. */
  function missedSince(after: string): Map<string, number> | undefined {
    const [theirEpoch, number] = after.split('.');
    const change = Number(number);
    const oldestKnown = recent[0]?.change ?? lastChange + 1;
    if (theirEpoch !== epoch || !Number.isInteger(change) || change > lastChange || change < oldestKnown - 1) {
      return undefined;
    }
    const missed = new Map<string, number>();
    for (const entry of recent) {
      if (entry.change <= change) continue;
      missed.delete(entry.messageId);
      missed.set(entry.messageId, entry.change);
    }
    return missed;
  }

  return {
    announce(messageId) {
      lastChange += 1;
      recent.push({ messageId, change: lastChange });
      if (recent.length > REMEMBERED_CHANGES) recent.shift();
      for (const follower of followers) follower.add(messageId, lastChange);
    },
    cursor: () => cursorOf(lastChange),
    subscribe(after) {
      const missed = after === undefined ? new Map<string, number>() : missedSince(after);
      const follower = new Follower({
        resumed: missed !== undefined,
        pending: missed ?? new Map(),
        cursorOf,
        onClose: (one) => followers.delete(one),
      });
      followers.add(follower);
      return follower;
    },
    get followers() {
      return followers.size;
    },
    close() {
      for (const follower of [...followers]) follower.close();
    },
  };
}
