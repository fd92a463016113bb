import { ActivityType, type PresenceData, type PresenceStatusData } from 'discord.js';
import type { BotStatus } from '../port.ts';

/** Discord takes 5 changes in 20 seconds. */
const MIN_INTERVAL_MS = 5000;

/** The status while another process uses the same token. */
export const TWO_INSTANCES = presence('dnd', 'two bots share one token: stop one');

/** The bot's status text. @param defaultCommand that draws, to show what people can type */
export function describePresence(
  { kind, running, waiting }: BotStatus,
  defaultCommand: string | undefined,
): PresenceData {
  switch (kind) {
    case 'loading':
      return presence('idle', 'loading the model');
    case 'busy':
      return presence('online', describeWork(running, waiting));
    case 'idle':
      return presence('online', defaultCommand === undefined ? 'ready' : `/${defaultCommand} a picture`);
    default:
      return kind satisfies never;
  }
}

function describeWork(running: number, waiting: number): string {
  const drawing = running === 1 ? 'drawing a picture' : `drawing ${running} pictures`;
  if (running === 0) return `${waiting} in the queue`;
  return waiting === 0 ? drawing : `${drawing}, ${waiting} in the queue`;
}

function presence(status: PresenceStatusData, state: string): PresenceData {
  return { status, activities: [{ type: ActivityType.Custom, name: 'Custom Status', state }] };
}

export interface PresenceThrottle {
  /** Shows the latest, now or when Discord takes it. */
  show(status: BotStatus): void;
  stop(): void;
}

export function createPresenceThrottle(
  send: (status: BotStatus) => void,
  minIntervalMs = MIN_INTERVAL_MS,
): PresenceThrottle {
  let sentAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let latest: BotStatus | undefined;

  function flush(): void {
    timer = undefined;
    if (latest === undefined) return;
    sentAt = performance.now();
    send(latest);
    latest = undefined;
  }

  return {
    show: (status) => {
      latest = status;
      timer ??= setTimeout(flush, Math.max(0, sentAt + minIntervalMs - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
