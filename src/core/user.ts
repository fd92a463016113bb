export const PLATFORMS = ['web', 'discord', 'slack'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** A person as a platform knows them. Fairness counts per platform and id; the name is for showing only. */
export interface User {
  readonly platform: Platform;
  readonly id: string;
  readonly name: string;
}

export function userKey(user: Pick<User, 'platform' | 'id'>): string {
  return `${user.platform}:${user.id}`;
}

export function isSameUser(a: Pick<User, 'platform' | 'id'>, b: Pick<User, 'platform' | 'id'>): boolean {
  return a.platform === b.platform && a.id === b.id;
}
