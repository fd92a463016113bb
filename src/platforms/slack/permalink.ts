import type { MessageRef } from '../../core/channel.ts';
import type { Identity } from './identity.ts';

/** The address of a message for people, whether it still stands or not; undefined while Slack cannot be asked for its own. */
export type Permalink = (message: MessageRef) => Promise<string | undefined>;

/** Built as `chat.getPermalink` would, which costs a call and knows no deleted message. */
export function createPermalink(identify: () => Promise<Pick<Identity, 'url'>>): Permalink {
  return async ({ channel: { channelId, threadId }, messageId }) => {
    const { url } = await identify().catch(() => ({ url: '' }));
    if (!URL.canParse(url)) return undefined;
    const link = new URL(`archives/${channelId}/p${messageId.replace('.', '')}`, url);
    if (threadId !== undefined) {
      link.searchParams.set('thread_ts', threadId);
      link.searchParams.set('cid', channelId);
    }
    return link.href;
  };
}
