import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Logger as Log } from 'pino';
import { HOME_SHORTCUT, type HomePage, type HomePicture } from '../../core/home-page.ts';
import type { Dispatch } from '../port.ts';
import { toRequestError } from './errors.ts';
import type { Messages } from './messages.ts';
import type { RateBudget } from './rate-budget.ts';
import { pictureOf, type ShownPicture } from './render.ts';
import { renderHome, type ShownPictures } from './render-home.ts';
import type { Uploads } from './uploads.ts';
import type { UserDirectory } from './user-directory.ts';
import type { WebApi } from './web-api.ts';

/** Somebody may still be looking at a page that they opened, or pressed something on, this long ago. */
const WATCHED_MS = 15 * 60_000;
/** Changes are gathered this long, so that a page is written again at most so often. */
const GATHER_MS = 3000;
/** Writings of pages that are kept for those who open theirs. */
const RESERVE = 10;
const REMEMBERED = 2000;

/** The app's own page, for each person theirs. */
export interface Home {
  /** Writes it again. Never rejects. */
  show(userId: string): Promise<void>;
  /** Something of theirs came to its end: their page follows soon, if they may be looking at it. */
  follow(userId: string): void;
  stop(): void;
}

export interface HomeOptions {
  readonly dispatch: Dispatch;
  readonly api: WebApi;
  readonly uploads: Uploads;
  readonly messages: Pick<Messages, 'filesOn'>;
  readonly budget: RateBudget;
  readonly users: UserDirectory;
  readonly directChannel: (userId: string) => Promise<string>;
  readonly log: Log;
  /** See `GATHER_MS`. */
  readonly gatherMs?: number;
}

export function createHome(options: HomeOptions): Home {
  const { dispatch, api, uploads, messages, budget, users, directChannel, log, gatherMs = GATHER_MS } = options;
  const watched = new LRUCache<string, true>({ max: REMEMBERED, ttl: WATCHED_MS });
  const due = new Map<string, NodeJS.Timeout>();

  async function ask(userId: string): Promise<HomePage | undefined> {
    const [{ name = 'someone', groups }, channelId] = await Promise.all([
      users.lookUp(userId),
      directChannel(userId).catch(() => userId),
    ]);
    const result = await dispatch({
      kind: 'shortcut',
      shortcut: HOME_SHORTCUT,
      id: `home:${randomUUID()}`,
      user: { platform: 'slack', id: userId, name },
      channel: { platform: 'slack', channelId },
      isModerator: true,
      isAgeRestricted: false,
      roles: groups,
    });
    return result.kind === 'private' ? result.page : undefined;
  }

  /** The file that a message shows already, or else one of the page's own, where Slack has room for that. */
  async function find(picture: HomePicture): Promise<ShownPicture | undefined> {
    const { alt, shownIn } = picture;
    const [fileId] = shownIn === undefined ? [] : await messages.filesOn(shownIn);
    if (fileId !== undefined) return { fileId, alt };
    const loaded = budget.mayUploadPreview() ? await picture.load() : undefined;
    return loaded === undefined ? undefined : pictureOf(await uploads.upload(loaded, false), loaded);
  }

  async function findAll({ sections }: HomePage): Promise<ShownPictures> {
    const pictures = sections.flatMap(({ entries }) => entries.flatMap(({ picture }) => picture ?? []));
    const found = await Promise.all(
      pictures.map(async (picture) => [picture, await find(picture).catch(() => undefined)] as const),
    );
    return new Map(found.flatMap(([picture, shown]) => (shown === undefined ? [] : [[picture, shown]])));
  }

  async function publish(userId: string): Promise<void> {
    const page = await ask(userId);
    if (page === undefined) return;
    const write = (shown: ShownPictures) => {
      const view = { type: 'home' as const, blocks: renderHome(page, shown) };
      return api.run('views.publish', (client) => client.views.publish({ user_id: userId, view }));
    };
    const shown = await findAll(page);
    try {
      await write(shown);
    } catch (error) {
      const { code } = toRequestError(error, 'views.publish');
      // A file may be gone since: the page stands without pictures.
      if (shown.size === 0 || (code !== 'invalid_arguments' && code !== 'invalid_blocks')) throw error;
      await write(new Map());
    }
  }

  async function tryToPublish(userId: string): Promise<void> {
    try {
      await publish(userId);
    } catch (error) {
      log.warn({ err: toRequestError(error, 'views.publish') }, 'the Home tab could not be updated');
    }
  }

  function follow(userId: string): void {
    if (!watched.has(userId) || due.has(userId)) return;
    const timer = setTimeout(() => {
      due.delete(userId);
      if (api.availableInMs('views.publish', RESERVE) === 0) void tryToPublish(userId);
      else follow(userId);
    }, gatherMs);
    due.set(userId, timer);
  }

  return {
    show: (userId) => {
      watched.set(userId, true);
      return tryToPublish(userId);
    },
    follow,
    stop: () => {
      for (const timer of due.values()) clearTimeout(timer);
      watched.clear();
    },
  };
}
