import type { Calls } from './calls.ts';
import { adviseOn, isGone, SlackTroubleError, toTrouble } from './failures.ts';
import type { Identity } from './identity.ts';

/** Where the bot may write, asked before work is begun whose result nobody would see. */
export interface Reach {
  /** Undefined where it may, or where nobody can tell; else what to do about it. Never rejects. */
  objection(channelId: string): Promise<string | undefined>;
  /** Something happened there that shows the bot to be a member. */
  confirm(channelId: string): void;
}

const FRESH_MS = 5 * 60_000;
const REMEMBERED = 5000;

export function createReach(calls: Calls, identify: () => Promise<Identity>): Reach {
  const open = new Map<string, number>();
  /** Whoever asks meanwhile gets the same answer, so that requests go on in the order they came. */
  const asking = new Map<string, Promise<SlackTroubleError | undefined>>();

  function confirm(channelId: string): void {
    open.delete(channelId);
    open.set(channelId, performance.now() + FRESH_MS);
    const [oldest] = open.keys();
    if (open.size > REMEMBERED && oldest !== undefined) open.delete(oldest);
  }

  async function ask(channelId: string): Promise<SlackTroubleError | undefined> {
    try {
      const { scopes } = await identify();
      const { channel } = await calls.run('conversations.info', (client) =>
        client.conversations.info({ channel: channelId }),
      );
      if (channel?.is_archived === true) return new SlackTroubleError('archived', { code: 'is_archived' });
      const isOpen = channel?.is_im === true || channel?.is_member === true || channel?.is_mpim === true;
      const mayJoinIn = channel?.is_private !== true && scopes.includes('chat:write.public');
      return isOpen || mayJoinIn ? undefined : new SlackTroubleError('not a member', { code: 'not_in_channel' });
    } catch (error) {
      const trouble = toTrouble(error, 'conversations.info');
      return isGone(trouble) ? trouble : undefined;
    }
  }

  return {
    objection: async (channelId) => {
      if ((open.get(channelId) ?? 0) > performance.now()) return undefined;
      const asked = asking.get(channelId) ?? ask(channelId).finally(() => asking.delete(channelId));
      asking.set(channelId, asked);
      const trouble = await asked;
      if (trouble !== undefined) return adviseOn(trouble);
      confirm(channelId);
      return undefined;
    },
    confirm,
  };
}
