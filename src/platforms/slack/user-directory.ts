import { LRUCache } from 'lru-cache';
import pTimeout from 'p-timeout';
import type { Identity } from './identity.ts';
import type { WebApi } from './web-api.ts';

/** What a workspace says of a person. */
export interface Member {
  readonly name: string | undefined;
  /** An admin or owner of the workspace. */
  readonly isAdmin: boolean;
  /** Ids of the user groups they are in. */
  readonly groups: readonly string[];
}

/** The people of the workspace, known for some minutes. Never rejects: of whom nothing can be learnt has no rights. */
export interface UserDirectory {
  lookUp(userId: string): Promise<Member>;
}

const FRESH_MS = 10 * 60_000;
/** A person waits for their form: 3 s in all. */
const LOOKUP_LIMIT_MS = 1000;
const REMEMBERED = 5000;
const GROUPS_SCOPE = 'usergroups:read';
const UNKNOWN: Member = { name: undefined, isAdmin: false, groups: [] };

export function createUserDirectory(api: WebApi, identify: () => Promise<Identity>): UserDirectory {
  const members = new LRUCache<string, Promise<Omit<Member, 'groups'>>>({
    max: REMEMBERED,
    ttl: FRESH_MS,
    memoMethod: (userId) => {
      const asked = askUser(userId);
      asked.catch(() => members.delete(userId));
      return asked;
    },
  });
  let groups: { readonly until: number; readonly asked: Promise<ReadonlyMap<string, readonly string[]>> } | undefined;

  async function askUser(userId: string): Promise<Omit<Member, 'groups'>> {
    const { user } = await api.run('users.info', (client) => client.users.info({ user: userId }));
    const shown = [user?.profile?.display_name, user?.profile?.real_name, user?.name];
    return {
      name: shown.find((name) => name !== undefined && name !== ''),
      isAdmin: user?.is_admin === true || user?.is_owner === true || user?.is_primary_owner === true,
    };
  }

  /** By user, the groups they are in. An app without the scope knows of none. */
  async function askGroups(): Promise<ReadonlyMap<string, readonly string[]>> {
    const byUser = new Map<string, string[]>();
    if (!(await identify()).scopes.includes(GROUPS_SCOPE)) return byUser;
    const { usergroups = [] } = await api.run('usergroups.list', (client) =>
      client.usergroups.list({ include_users: true }),
    );
    for (const { id, users = [] } of usergroups) {
      for (const user of users) if (id !== undefined) byUser.set(user, [...(byUser.get(user) ?? []), id]);
    }
    return byUser;
  }

  function allGroups() {
    if (groups === undefined || groups.until <= performance.now()) {
      const outcome = askGroups();
      outcome.catch(() => {
        groups = undefined;
      });
      groups = { until: performance.now() + FRESH_MS, asked: outcome };
    }
    return groups.asked;
  }

  async function learn(userId: string): Promise<Member> {
    const [known, byUser] = await Promise.all([members.memo(userId), allGroups().catch(() => undefined)]);
    return { ...known, groups: byUser?.get(userId) ?? [] };
  }

  return {
    lookUp: (userId) =>
      pTimeout(
        learn(userId).catch(() => UNKNOWN),
        { milliseconds: LOOKUP_LIMIT_MS, fallback: () => UNKNOWN },
      ),
  };
}
