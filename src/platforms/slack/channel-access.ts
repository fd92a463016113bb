import { LRUCache } from 'lru-cache';
import { adviseOn, isGone, SlackRequestError, toRequestError } from './errors.ts';
import type { Identity } from './identity.ts';
import type { WebApi } from './web-api.ts';

/** Where the bot may write, asked before work is begun whose result nobody would see. */
export interface ChannelAccess {
  /** Undefined where it may, or where nobody can tell; else what to do about it. Never rejects. */
  objection(channelId: string): Promise<string | undefined>;
  /** Something happened there that shows the bot to be a member. */
  confirm(channelId: string): void;
}

const FRESH_MS = 5 * 60_000;
const REMEMBERED = 5000;

export function createChannelAccess(api: WebApi, identify: () => Promise<Identity>): ChannelAccess {
  const open = new LRUCache<string, true>({ max: REMEMBERED, ttl: FRESH_MS });
  /** Whoever asks meanwhile gets the same answer, so that requests go on in the order they came. */
  const asking = new Map<string, Promise<SlackRequestError | undefined>>();

  function confirm(channelId: string): void {
    open.set(channelId, true);
  }

  async function ask(channelId: string): Promise<SlackRequestError | undefined> {
    try {
      const { scopes } = await identify();
      const { channel } = await api.run('conversations.info', (client) =>
        client.conversations.info({ channel: channelId }),
      );
      if (channel?.is_archived === true) return new SlackRequestError('archived', { code: 'is_archived' });
      const isOpen = channel?.is_im === true || channel?.is_member === true || channel?.is_mpim === true;
      const mayJoinIn = channel?.is_private !== true && scopes.includes('chat:write.public');
      return isOpen || mayJoinIn ? undefined : new SlackRequestError('not a member', { code: 'not_in_channel' });
    } catch (error) {
      const requestError = toRequestError(error, 'conversations.info');
      return isGone(requestError) ? requestError : undefined;
    }
  }

  return {
    objection: async (channelId) => {
      if (open.has(channelId)) return undefined;
      const outcome = asking.get(channelId) ?? ask(channelId).finally(() => asking.delete(channelId));
      asking.set(channelId, outcome);
      const requestError = await outcome;
      if (requestError !== undefined) return adviseOn(requestError);
      confirm(channelId);
      return undefined;
    },
    confirm,
  };
}
