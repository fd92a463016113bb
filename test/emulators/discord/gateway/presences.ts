import type { Clock } from '../clock.ts';
import type { GatewaySession } from './connection.ts';

const MAX_CHANGES = 5;
const WINDOW_MS = 20_000;

/** Counts who changes their presence more often than Discord allows. */
export interface Presences {
  readonly excesses: number;
  note(session: GatewaySession): void;
}

export function createPresences(clock: Clock): Presences {
  const changes = new Map<GatewaySession, number[]>();
  let excesses = 0;
  return {
    get excesses() {
      return excesses;
    },
    note: (session) => {
      const now = clock.now();
      const recent = [...(changes.get(session) ?? []), now].filter((at) => now - at < WINDOW_MS);
      changes.set(session, recent);
      if (recent.length > MAX_CHANGES) excesses += 1;
    },
  };
}

/**
 * The presences of a server as a bot without the privileged intent is shown them: its own alone, by what its other
 * sessions say.
 */
export function ownPresence(others: readonly GatewaySession[], botId: string): object[] {
  const saying = others.filter(({ socket }) => socket !== undefined);
  const latest = saying.findLast(({ presence }) => presence !== undefined)?.presence;
  return latest === undefined ? [] : [{ user: { id: botId }, client_status: {}, ...(latest as object) }];
}
