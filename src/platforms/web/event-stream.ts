import type { Context } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import { apiError } from './api-error.ts';
import type { ChangeFeed, FeedSubscription } from './change-feed.ts';
import type { ChannelState } from './channel-state.ts';

/** Shorter than the half minute after which proxies commonly cut a silent connection. */
const HEARTBEAT_MS = 15_000;
const MAX_FOLLOWERS = 256;

/**
 * Server-sent events: first `hello` {cursor, resumed}, then `message` with each message as it now stands, whose event id
 * is the cursor to resume from.
 */
export function followEvents(
  c: Context,
  parts: { feed: ChangeFeed; state: ChannelState; heartbeatMs?: number },
): Response {
  const { feed, state, heartbeatMs = HEARTBEAT_MS } = parts;
  if (feed.followers >= MAX_FOLLOWERS)
    throw apiError(503, 'too_many', 'Too many pages have this channel open; close some.');
  const after = c.req.header('last-event-id') ?? c.req.query('after');
  const cursor = feed.cursor();
  const subscription = feed.subscribe(after);
  c.header('X-Accel-Buffering', 'no');
  return streamSSE(c, async (stream) => {
    stream.onAbort(() => subscription.close());
    try {
      const hello = { cursor, resumed: subscription.resumed };
      await stream.writeSSE({ event: 'hello', data: JSON.stringify(hello) });
      await send(stream, subscription, state, heartbeatMs);
    } finally {
      subscription.close();
    }
  });
}

async function send(
  stream: SSEStreamingApi,
  subscription: FeedSubscription,
  state: ChannelState,
  heartbeatMs: number,
): Promise<void> {
  while (!stream.aborted) {
    const item = await subscription.next(heartbeatMs);
    if (item === 'closed') return;
    if (item === 'idle') {
      await stream.write(': still here\n\n');
      continue;
    }
    await stream.writeSSE({ event: 'message', id: item.cursor, data: JSON.stringify(state.get(item.messageId)) });
  }
}
