import { LRUCache } from 'lru-cache';
import type { MessageRef } from '../../core/channel.ts';
import type { WebApi } from './web-api.ts';

/**
 * Room for what may wait, words about how far a picture is and its previews: Slack takes 50 edits a minute in a whole
 * workspace, and finished pictures are not to stand behind them.
 */
export interface RateBudget {
  /** Milliseconds until the first word about a job may be posted, 0 now; in the order in which they asked. */
  postDelayMs(channelId: string, nonce: string): number;
  /** It is posted, or no longer will be. */
  leavePostQueue(channelId: string, nonce: string): void;
  /** A message stands that tells of progress: the edit with which it ends is owed. */
  owe(message: MessageRef): void;
  /** A message came to its end, or is gone; it need not have been owed. */
  settle(message: MessageRef): void;
  /** The first word about this job waits until finished pictures, which alone are about as much as Slack takes, are out. */
  isHeldBack(nonce: string): boolean;
  /** Milliseconds until one edit that only tells of progress may be made; 0 is a turn for whoever asked. */
  editDelayMs(): number;
  /** Whether a preview may be uploaded now. */
  mayUploadPreview(): boolean;
}

/** Turns of a method that are kept for finished pictures. */
const RESERVE = 10;
/** A turn that was given counts as taken this long; by then it was, or will not be. */
const GIVEN_MS = 2000;
/** Least and most milliseconds until one asks again. */
const MIN_WAIT_MS = 100;
const MAX_WAIT_MS = 5000;
/** Finished pictures wait this long for their edit. */
const BACKLOG_MS = 8000;
/** So many came to their end in a minute, and so many messages wait for theirs: half of the edits that Slack takes. */
const MANY = 25;
const MINUTE_MS = 60_000;
const HOLD_MS = 2000;
/** Messages that are owed an edit; one that is forgotten waits longer than any line. */
const REMEMBERED = 5000;
/** Whoever does not ask again this long after their time has given up. */
const PATIENCE_MS = 15_000;

export function createRateBudget(api: WebApi, postIntervalMs: number): RateBudget {
  /** By channel, who waits to post there, and until when that is believed. */
  const postQueues = new Map<string, Map<string, number>>();
  const owed = new LRUCache<string, true>({ max: REMEMBERED });
  let ended: number[] = [];
  let given: number[] = [];

  function postQueueOf(channelId: string, now: number): Map<string, number> {
    const postQueue = postQueues.get(channelId) ?? new Map<string, number>();
    postQueues.set(channelId, postQueue);
    for (const [nonce, until] of postQueue) if (until < now) postQueue.delete(nonce);
    return postQueue;
  }

  function leave(channelId: string, nonce: string): void {
    const postQueue = postQueues.get(channelId);
    postQueue?.delete(nonce);
    if (postQueue?.size === 0) postQueues.delete(channelId);
  }

  /** One more message that needs an edit later would only lengthen what stands; a picture posted as such needs none. */
  function isCrowded(): boolean {
    const now = performance.now();
    ended = ended.filter((at) => now - at < MINUTE_MS);
    return (owed.size >= MANY && ended.length >= MANY) || api.availableInMs('chat.update', 0) > BACKLOG_MS;
  }

  return {
    isHeldBack: (nonce) => isCrowded() && [...postQueues.values()].some((postQueue) => postQueue.has(nonce)),
    owe: (message) => void owed.set(keyOf(message), true),
    settle: (message) => {
      owed.delete(keyOf(message));
      ended.push(performance.now());
    },
    postDelayMs: (channelId, nonce) => {
      const now = performance.now();
      const postQueue = postQueueOf(channelId, now);
      const place = [...postQueue.keys()].indexOf(nonce);
      const ahead = place === -1 ? postQueue.size : place;
      const waitMs = Math.max(
        ahead === 0 ? 0 : Math.max(MIN_WAIT_MS, ahead * postIntervalMs),
        api.postAvailableInMs(channelId),
        isCrowded() ? HOLD_MS : 0,
      );
      postQueue.set(nonce, now + waitMs + PATIENCE_MS);
      return waitMs;
    },
    leavePostQueue: leave,
    editDelayMs: () => {
      const now = performance.now();
      given = given.filter((at) => now - at < GIVEN_MS);
      const waitMs = api.availableInMs('chat.update', RESERVE + given.length);
      if (waitMs > 0) return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, waitMs));
      given.push(now);
      return 0;
    },
    mayUploadPreview: () =>
      (['files.getUploadURLExternal', 'files.completeUploadExternal', 'files.info', 'files.delete'] as const).every(
        (method) => api.availableInMs(method, RESERVE) === 0,
      ),
  };
}

/** A message's address in this process's memory. */
export function keyOf({ channel, messageId }: MessageRef): string {
  return `${channel.channelId}/${messageId}`;
}
