import { App, webApi } from '@slack/bolt';
import type { Logger as Log } from 'pino';
import type { CommandDescription } from '../../core/command.ts';
import type { ValueStore } from '../../store/port.ts';
import type { ChannelPort, Inbox } from '../port.ts';
import { createAnswers } from './answers.ts';
import { createCalls } from './calls.ts';
import { createConnection, type Entry } from './connection.ts';
import { createDesk, type Desk } from './desk.ts';
import { operatorAdvice, refuseStart, SlackTroubleError } from './failures.ts';
import { createHistory } from './history.ts';
import { createHome, type Home } from './home.ts';
import { createIdentity, type Identity } from './identity.ts';
import { listen } from './listeners.ts';
import { createBoltLogger } from './logger.ts';
import { createMessages } from './messages.ts';
import { missingScopes } from './methods.ts';
import { createPeople } from './people.ts';
import { createPermalink } from './permalink.ts';
import { createPhrase } from './phrasing.ts';
import { createReach } from './reach.ts';
import { createRemotePictures } from './remote-picture.ts';
import { MAX_ALT_LENGTH } from './render.ts';
import { createRoom } from './room.ts';
import { createSend } from './sending.ts';
import { createServed } from './served.ts';
import { createStrays, type StrayFile } from './strays.ts';
import { createUploads } from './uploads.ts';

export interface SlackPortOptions {
  /** Begins with `xoxb-`. */
  readonly botToken: string;
  readonly entry: Entry;
  /** Another Slack than slack.com's, with its path: `https://slack-gov.com/api/`. */
  readonly apiUrl?: string;
  readonly log: Log;
  readonly commands: readonly CommandDescription[];
  /** Files that are to be deleted; see `Strays`. */
  readonly files: ValueStore<StrayFile>;
  /** See `createServed`. */
  readonly served: ValueStore<number>;
  /** Milliseconds after the start until those of earlier processes are; messages are written anew before. */
  readonly sweepAfterMs?: number;
  readonly minEditIntervalMs?: number;
  readonly maxAttachmentBytes?: number;
  /** See `CallsOptions`; 1000 by default, which is what Slack asks for. */
  readonly postIntervalMs?: number;
  /** See `UploadsOptions`. */
  readonly lookAfterMs?: readonly number[];
  /** See `HomeOptions`. */
  readonly gatherMs?: number;
  /** See `ConnectionOptions`. */
  readonly firstPauseMs?: number;
}

/** Slack takes 50 edits a minute in a workspace; several people's pictures form at once. */
const MIN_EDIT_INTERVAL_MS = 3000;
/** Slack takes a thousand times more; people's phones would not. */
const MAX_ATTACHMENT_BYTES = 16 * 1024 * 1024;
const POST_INTERVAL_MS = 1000;
const SWEEP_AFTER_MS = 30_000;
const CALL_TIMEOUT_MS = 30_000;

export interface SlackPort extends ChannelPort {
  /** Where HTTP delivery listens, once started; undefined with a socket. */
  readonly httpPort: number | undefined;
}

/** Easel in a Slack workspace, through Bolt. Posts are possible before `start`, which lets people in. */
export function createSlackPort(options: SlackPortOptions): SlackPort {
  const { botToken, entry, apiUrl, commands } = options;
  const log = options.log.child({ platform: 'slack' });
  const logger = createBoltLogger(log);
  const client = new webApi.WebClient(botToken, {
    logger,
    // Retries and rate limits are `Calls`' own: Bolt's would stop all calls for the sake of one.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_TIMEOUT_MS,
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
  });
  const postIntervalMs = options.postIntervalMs ?? POST_INTERVAL_MS;
  const calls = createCalls({ client, log, postIntervalMs });
  const room = createRoom(calls, postIntervalMs);
  let desk: Desk | undefined;
  let home: Home | undefined;
  let sweeping: NodeJS.Timeout | undefined;
  let identity: Identity | undefined;
  const identify = createIdentity(calls, (known) => {
    identity = known;
  });
  const strays = createStrays(calls, options.files, log);
  const uploads = createUploads({
    calls,
    strays,
    ...(options.lookAfterMs !== undefined && { lookAfterMs: options.lookAfterMs }),
  });
  const phrase = createPhrase(commands.map(({ name }) => name));
  const send = createSend(uploads, createPermalink(identify), phrase);
  const directChannel = createDirectChannels(calls);
  const messages = createMessages({
    calls,
    uploads,
    send,
    history: createHistory(calls, identify),
    room,
    isOwn: (nonce) => desk?.isOwn(nonce) === true,
    onGone: (nonce, trouble) => desk?.tellGone(nonce, trouble),
    onEnded: (nonce) => desk?.noteEnd(nonce),
  });
  const connection = createConnection({
    entry,
    logger,
    log,
    apiUrl,
    ...(options.firstPauseMs !== undefined && { firstPauseMs: options.firstPauseMs }),
  });

  function openDesk({ dispatch }: Inbox): void {
    const people = createPeople(calls, identify);
    const answers = createAnswers({ calls, send, uploads, directChannel });
    const served = createServed(options.served);
    const reach = createReach(calls, identify);
    home = createHome({
      dispatch,
      calls,
      uploads,
      messages,
      room,
      people,
      directChannel,
      log,
      ...(options.gatherMs !== undefined && { gatherMs: options.gatherMs }),
    });
    desk = createDesk({ dispatch, answers, calls, people, reach, room, home, served, directChannel, log });
    const app = new App({
      receiver: connection.receiver,
      logger,
      // Without it Bolt would ask Slack who it is before it acknowledges the first event.
      authorize: async () => ({ botToken, ...pick(identity) }),
    });
    app.error(async (error) => {
      log.error({ err: new SlackTroubleError(error.message) }, 'an event was not served');
    });
    const pictures = createRemotePictures({ calls, botToken, apiUrl });
    listen({ app, desk, home, pictures, phrase, commands, botUserId: async () => (await identify()).botUserId });
  }

  async function introduce(): Promise<void> {
    try {
      const { scopes } = await identify();
      const missing = missingScopes(scopes);
      if (scopes.length > 0 && missing.length > 0) {
        log.warn(
          { missing },
          `The Slack app lacks scopes that Easel uses: ${missing.join(', ')}; paste slack-manifest.yaml into its manifest and reinstall it.`,
        );
      }
    } catch (error) {
      if (!(error instanceof SlackTroubleError)) throw error;
      if (operatorAdvice(error, '') !== undefined) refuseStart(error, 'SLACK_BOT_TOKEN');
      log.warn(`Slack cannot be reached yet (${error.message})`);
    }
  }

  return {
    platform: 'slack',
    capabilities: {
      minEditIntervalMs: options.minEditIntervalMs ?? MIN_EDIT_INTERVAL_MS,
      maxAttachmentBytes: options.maxAttachmentBytes ?? MAX_ATTACHMENT_BYTES,
      previews: true,
      // Slack shows no WebP in a message.
      compressed: 'image/jpeg',
      numbersGrids: true,
      maxAltLength: MAX_ALT_LENGTH,
    },
    get welcome() {
      return identity === undefined ? undefined : describeWelcome(identity);
    },
    get httpPort() {
      return connection.port;
    },
    start: async (inbox) => {
      await introduce();
      openDesk(inbox);
      await connection.start();
      sweeping = setTimeout(() => void strays.sweep(), options.sweepAfterMs ?? SWEEP_AFTER_MS);
      log.info({ team: identity?.team }, 'Slack is open');
    },
    stop: async () => {
      clearTimeout(sweeping);
      home?.stop();
      calls.close();
      await connection.stop();
    },
    roomInMs: ({ channelId }, nonce, message) =>
      message === undefined ? room.forPostMs(channelId, nonce) : room.forEditMs(),
    post: messages.post,
    edit: messages.edit,
    delete: messages.delete,
  };
}

function describeWelcome({ team, botName }: Identity): string {
  return `Easel is in the Slack workspace ${team}; type /imagine there, and /invite @${botName} to private channels.`;
}

function pick(identity: Identity | undefined) {
  return identity === undefined ? {} : { botId: identity.botId, botUserId: identity.botUserId };
}

/** A person's messages with the bot, by their id. */
function createDirectChannels(calls: ReturnType<typeof createCalls>): (userId: string) => Promise<string> {
  const channels = new Map<string, Promise<string>>();
  return (userId) => {
    const known = channels.get(userId);
    if (known !== undefined) return known;
    const opened = calls
      .run('conversations.open', (client) => client.conversations.open({ users: userId }))
      .then(({ channel }) => channel?.id ?? userId);
    opened.catch(() => channels.delete(userId));
    channels.set(userId, opened);
    return opened;
  };
}
