/** Every platform that there is a `ChannelPort` for. */
export const PLATFORMS = ['web', 'discord', 'slack'] as const;
/** One of `PLATFORMS`. */
export type Platform = (typeof PLATFORMS)[number];

/** A person as a platform knows them. Fairness counts per platform and id; the name is for showing only. */
export interface User {
  readonly platform: Platform;
  readonly id: string;
  readonly name: string;
}

/** `platform:id`: the same for the same person, whatever their name is. */
export function userKey(user: Pick<User, 'platform' | 'id'>): string {
  return `${user.platform}:${user.id}`;
}

/** Whether both are one account of one platform. */
export function isSameUser(a: Pick<User, 'platform' | 'id'>, b: Pick<User, 'platform' | 'id'>): boolean {
  return a.platform === b.platform && a.id === b.id;
}
