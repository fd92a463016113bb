/** What Easel asks of a method of Slack's Web API. */
export interface MethodTraits {
  /** Calls a minute that Slack promises to take: its tiers 2, 3 and 4 are 20, 50 and 100. */
  readonly perMinute: number;
  /** The bot token's scopes; any one of them is enough. None: every token may. */
  readonly scopes: readonly string[];
  /** Calling it twice is as calling it once, so that it may be tried again when no answer came. */
  readonly repeatable: boolean;
}

const TIER_2 = 20;
const TIER_3 = 50;
const TIER_4 = 100;
/** Methods with limits of their own; per channel where posts are concerned (see `token-bucket.ts`). */
const SPECIAL = 100;
/** "Several hundred" in a workspace, as Slack says. */
const POSTS = 200;

const HISTORY = ['channels:history', 'groups:history', 'im:history', 'mpim:history'];

/** All the methods that Easel calls. @see https://docs.slack.dev/apis/web-api/rate-limits */
export const METHODS = {
  'auth.test': { perMinute: SPECIAL, scopes: [], repeatable: true },
  'chat.postMessage': { perMinute: POSTS, scopes: ['chat:write'], repeatable: false },
  'chat.postEphemeral': { perMinute: TIER_4, scopes: ['chat:write'], repeatable: false },
  'chat.update': { perMinute: TIER_3, scopes: ['chat:write'], repeatable: true },
  'chat.delete': { perMinute: TIER_3, scopes: ['chat:write'], repeatable: true },
  'conversations.history': { perMinute: TIER_3, scopes: HISTORY, repeatable: true },
  'conversations.replies': { perMinute: TIER_3, scopes: HISTORY, repeatable: true },
  'conversations.info': {
    perMinute: TIER_3,
    scopes: ['channels:read', 'groups:read', 'im:read', 'mpim:read'],
    repeatable: true,
  },
  'conversations.open': { perMinute: TIER_3, scopes: ['im:write'], repeatable: true },
  'files.getUploadURLExternal': { perMinute: TIER_4, scopes: ['files:write'], repeatable: true },
  'files.completeUploadExternal': { perMinute: TIER_4, scopes: ['files:write'], repeatable: false },
  'files.info': { perMinute: TIER_4, scopes: ['files:read'], repeatable: true },
  'files.delete': { perMinute: TIER_3, scopes: ['files:write'], repeatable: true },
  'users.info': { perMinute: TIER_4, scopes: ['users:read'], repeatable: true },
  'usergroups.list': { perMinute: TIER_2, scopes: ['usergroups:read'], repeatable: true },
  'views.open': { perMinute: TIER_4, scopes: [], repeatable: false },
  'views.publish': { perMinute: TIER_4, scopes: [], repeatable: true },
} as const satisfies Readonly<Record<string, MethodTraits>>;

export type MethodName = keyof typeof METHODS;

/** Without these Easel works, but knows less: nobody's groups. */
const OPTIONAL_SCOPES: readonly string[] = ['usergroups:read'];

/** Scopes that the app lacks, of those that some method needs. @param granted what Slack says the token has */
export function missingScopes(granted: readonly string[]): string[] {
  const needed = new Set(Object.values(METHODS).flatMap(({ scopes }) => [...scopes]));
  return [...needed].filter((scope) => !granted.includes(scope) && !OPTIONAL_SCOPES.includes(scope));
}
