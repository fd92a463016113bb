import type { webApi } from '@slack/bolt';
import { decodeButtonId } from '../../core/button.ts';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import { buttonIdsOf, fileIdsOf } from './blocks.ts';
import { toRequestError } from './errors.ts';
import type { Identity } from './identity.ts';
import type { WebApi } from './web-api.ts';

/** Messages that are looked through for one that an earlier process has posted. */
const LOOK_BACK = 100;
/** Marks a message as the one of a nonce, also for the process after this one. */
const EVENT_TYPE = 'easel_message';

/** What stands in channels, for what this process does not remember. */
export interface History {
  /** The message of this nonce, if an earlier attempt, or an earlier process, has posted it. @throws SlackTroubleError */
  findPosted(channel: ChannelRef, nonce: string): Promise<string | undefined>;
  /** Ids of the files that a message shows; none where that cannot be learnt. */
  findFiles(message: MessageRef): Promise<readonly string[]>;
}

export function metadataOf(nonce: string) {
  return { event_type: EVENT_TYPE, event_payload: { nonce } };
}

export function createHistory(api: WebApi, identify: () => Promise<Identity>): History {
  async function read({ channelId, threadId }: ChannelRef, look: Look): Promise<readonly HistoryMessage[]> {
    const outcome = { channel: channelId, ...look };
    const { messages = [] } =
      threadId === undefined
        ? await api.run('conversations.history', (client) => client.conversations.history(outcome))
        : await api.run('conversations.replies', (client) =>
            client.conversations.replies({ ...outcome, ts: threadId }),
          );
    return messages;
  }

  return {
    findPosted: async (channel, nonce) => {
      try {
        const { botUserId } = await identify();
        const messages = await read(channel, { limit: LOOK_BACK, include_all_metadata: true });
        return messages.find((message) => message.user === botUserId && isOf(message, nonce))?.ts;
      } catch (error) {
        const requestError = toRequestError(error, 'conversations.history');
        // Without the right to read what was said, posting twice is the lesser evil.
        if (requestError.code === 'missing_scope' || requestError.code === 'not_in_channel') return undefined;
        throw requestError;
      }
    },
    findFiles: async ({ channel, messageId }) => {
      try {
        const messages = await read(channel, { latest: messageId, oldest: messageId, inclusive: true, limit: 1 });
        return messages.filter(({ ts }) => ts === messageId).flatMap(({ blocks }) => fileIdsOf(blocks ?? []));
      } catch {
        return [];
      }
    },
  };
}

type Look = Omit<webApi.ConversationsHistoryArguments, 'channel' | 'token' | 'cursor'>;
type HistoryMessage = NonNullable<webApi.ConversationsHistoryResponse['messages']>[number];

function isOf({ metadata, blocks = [] }: HistoryMessage, nonce: string): boolean {
  const payload: unknown = metadata?.event_payload;
  if (metadata?.event_type === EVENT_TYPE && payload instanceof Object && 'nonce' in payload) {
    return payload.nonce === nonce;
  }
  return buttonIdsOf(blocks).some((id) => decodeButtonId(id)?.jobId === nonce);
}
