import type { Logger } from 'pino';

/** Without a new sign of it for this long, it is taken for gone. */
const REMEMBERED_MS = 10 * 60_000;

/**
 * Another process with the bot's token: Discord gives every event to both, and whoever answers first is heard. Discord
 * names no sessions to anybody, so there are only signs.
 */
export interface SecondInstance {
  /** There was a sign of late: whatever is asked for, Discord must have taken this process's word for it first. */
  readonly isSuspected: boolean;
  /** There was a sign of late that has no other explanation. */
  readonly isCertain: boolean;
  /** Discord says that somebody else has answered before. */
  noteLostRace(): void;
  /** The bot was shown as doing something before this process had said anything. */
  noteEarlierPresence(): void;
  close(): void;
}

/** @param onChange called when it becomes certain, or is taken for gone */
export function createSecondInstance(log: Logger, onChange: () => void, rememberedMs = REMEMBERED_MS): SecondInstance {
  let isSuspected = false;
  let isCertain = false;
  let timer: NodeJS.Timeout | undefined;

  function suspect(): void {
    isSuspected = true;
    clearTimeout(timer);
    timer = setTimeout(forget, rememberedMs).unref();
  }

  function forget(): void {
    const wasCertain = isCertain;
    isSuspected = false;
    isCertain = false;
    if (!wasCertain) return;
    log.info('the other process with the same DISCORD_TOKEN is no longer seen');
    onChange();
  }

  return {
    get isSuspected() {
      return isSuspected;
    },
    get isCertain() {
      return isCertain;
    },
    noteLostRace: () => {
      suspect();
      if (isCertain) return;
      isCertain = true;
      log.error(SECOND_INSTANCE);
      onChange();
    },
    noteEarlierPresence: () => {
      if (!isSuspected) log.warn(EARLIER_PRESENCE);
      suspect();
    },
    close: () => clearTimeout(timer),
  };
}

const SECOND_INSTANCE =
  'Another process with the same DISCORD_TOKEN also answers: a second Easel, or another bot of the same application. Stop one of them. Until then, the process that answers a request first runs it.';

const EARLIER_PRESENCE =
  'The bot was already online when Easel connected: another process with the same DISCORD_TOKEN is running, or has just ended. If both keep running, stop one of them.';
