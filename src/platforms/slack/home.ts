import { randomUUID } from 'node:crypto';
import type { Logger as Log } from 'pino';
import type { Dispatch } from '../port.ts';
import type { Calls } from './calls.ts';
import { toTrouble } from './failures.ts';
import type { People } from './people.ts';
import type { Outgoing } from './render.ts';
import type { Send } from './sending.ts';

/** The name under which the app's own page is asked for; see `ShortcutRequest`. */
const HOME = 'home';

/** The app's own page, for each person theirs. */
export interface Home {
  /** Writes it anew. Never rejects. */
  show(userId: string): Promise<void>;
}

export interface HomeOptions {
  readonly dispatch: Dispatch;
  readonly calls: Calls;
  readonly send: Send;
  readonly people: People;
  readonly directChannel: (userId: string) => Promise<string>;
  readonly log: Log;
}

export function createHome({ dispatch, calls, send, people, directChannel, log }: HomeOptions): Home {
  async function publish(userId: string): Promise<void> {
    const [{ name = 'someone', groups }, channelId] = await Promise.all([
      people.lookUp(userId),
      directChannel(userId).catch(() => userId),
    ]);
    const result = await dispatch({
      kind: 'shortcut',
      shortcut: HOME,
      id: `home:${randomUUID()}`,
      user: { platform: 'slack', id: userId, name },
      channel: { platform: 'slack', channelId },
      isModerator: true,
      isAgeRestricted: false,
      roles: groups,
    });
    if (result.kind !== 'private') return;
    const publishView = ({ blocks }: Outgoing) =>
      calls.run('views.publish', (client) => client.views.publish({ user_id: userId, view: { type: 'home', blocks } }));
    await send(result.reply, publishView, { isUrgent: false });
  }

  return {
    show: async (userId) => {
      try {
        await publish(userId);
      } catch (error) {
        log.warn({ err: toTrouble(error, 'views.publish') }, "the app's page was not written");
      }
    },
  };
}
