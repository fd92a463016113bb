import { App, webApi } from '@slack/bolt';
import type { Logger as Log } from 'pino';
import { type CommandDescription, commandNamed } from '../../core/command.ts';
import type { ValueStore } from '../../store/port.ts';
import type { ChannelHandlers, ChannelPort } from '../port.ts';
import { createChannelAccess } from './channel-access.ts';
import { createNameCommands, EASEL } from './command-names.ts';
import { createConnection, type EventDelivery } from './connection.ts';
import { createEphemeralReplies } from './ephemeral-replies.ts';
import { operatorAdvice, refuseStart, SlackRequestError } from './errors.ts';
import { createEventDedup } from './event-dedup.ts';
import { createHistory } from './history.ts';
import { createHome, type Home } from './home.ts';
import { createIdentity, type Identity } from './identity.ts';
import { listen } from './listeners.ts';
import { createBoltLogger } from './logger.ts';
import { createMessages } from './messages.ts';
import { missingScopes } from './methods.ts';
import { createOrphanedFiles, type OrphanedFile } from './orphaned-files.ts';
import { createPermalink } from './permalink.ts';
import { createRateBudget } from './rate-budget.ts';
import { createRemotePictures } from './remote-picture.ts';
import { MAX_ALT_LENGTH } from './render.ts';
import { createRequestHandler, type RequestHandler } from './request-handler.ts';
import { createSend } from './send-reply.ts';
import { createUploads } from './uploads.ts';
import { createUserDirectory } from './user-directory.ts';
import { createWebApi } from './web-api.ts';

/** What `createSlackPort` needs. */
export interface SlackPortOptions {
  /** Begins with `xoxb-`. */
  readonly botToken: string;
  readonly delivery: EventDelivery;
  /** Another Slack than slack.com's, with its path: `https://slack-gov.com/api/`. */
  readonly apiUrl?: string;
  readonly log: Log;
  readonly commands: readonly CommandDescription[];
  /** Files that are to be deleted; see `OrphanedFiles`. */
  readonly files: ValueStore<OrphanedFile>;
  /** See `createEventDedup`. */
  readonly answeredEvents: ValueStore<number>;
  /** Milliseconds after the start until those of earlier processes are; messages are written again before. @default 30000 */
  readonly sweepAfterMs?: number;
  /** See `ChannelCapabilities`. @default 3000 */
  readonly minEditIntervalMs?: number;
  /** See `ChannelCapabilities`. @default 16 MiB */
  readonly maxAttachmentBytes?: number;
  /** See `WebApiOptions`; the default is what Slack asks for. @default 1000 */
  readonly postIntervalMs?: number;
  /** See `UploadsOptions`. @default a quarter of a second to 7 s, twelve times */
  readonly lookAfterMs?: readonly number[];
  /** See `HomeOptions`. @default 3000 */
  readonly gatherMs?: number;
  /** See `ConnectionOptions`. @default 500 */
  readonly firstPauseMs?: number;
}

/** Slack takes 50 edits a minute in a workspace; several people's pictures form at once. */
const MIN_EDIT_INTERVAL_MS = 3000;
/** Slack takes a thousand times more; people's phones would not. */
const MAX_ATTACHMENT_BYTES = 16 * 1024 * 1024;
const POST_INTERVAL_MS = 1000;
const SWEEP_AFTER_MS = 30_000;
const CALL_TIMEOUT_MS = 30_000;

/** A `ChannelPort` that may listen for HTTP. */
export interface SlackPort extends ChannelPort {
  /** Where HTTP delivery listens, once started; undefined with a socket. */
  readonly httpPort: number | undefined;
}

/** Easel in a Slack workspace, through Bolt. Posts are possible before `start`, which lets people in. */
export function createSlackPort(options: SlackPortOptions): SlackPort {
  const { botToken, delivery, apiUrl, commands } = options;
  const log = options.log.child({ platform: 'slack' });
  const logger = createBoltLogger(log);
  const client = new webApi.WebClient(botToken, {
    logger,
    // Retries and rate limits are `WebApi`' own: Bolt's would stop all calls for the sake of one.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_TIMEOUT_MS,
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
  });
  const postIntervalMs = options.postIntervalMs ?? POST_INTERVAL_MS;
  const api = createWebApi({ client, log, postIntervalMs });
  const budget = createRateBudget(api, postIntervalMs);
  let requestHandler: RequestHandler | undefined;
  let home: Home | undefined;
  let sweeping: NodeJS.Timeout | undefined;
  let identity: Identity | undefined;
  const identify = createIdentity(api, (known) => {
    identity = known;
  });
  const orphans = createOrphanedFiles(api, options.files, log);
  const uploads = createUploads({
    api,
    orphans,
    ...(options.lookAfterMs !== undefined && { lookAfterMs: options.lookAfterMs }),
  });
  const nameCommands = createNameCommands(commands);
  const send = createSend(uploads, createPermalink(identify), nameCommands);
  const directChannel = createDirectChannels(api);
  const messages = createMessages({
    api,
    uploads,
    send,
    history: createHistory(api, identify),
    budget,
    isOwn: (nonce) => requestHandler?.isOwn(nonce) === true,
    onGone: (nonce, requestError) => requestHandler?.onMessageLost(nonce, requestError),
    onEnded: (nonce) => requestHandler?.onMessageEnded(nonce),
  });
  const connection = createConnection({
    delivery,
    logger,
    log,
    apiUrl,
    ...(options.firstPauseMs !== undefined && { firstPauseMs: options.firstPauseMs }),
  });

  function openRequestHandler({ dispatch }: ChannelHandlers): void {
    const users = createUserDirectory(api, identify);
    const ephemeral = createEphemeralReplies({ api, send, uploads, directChannel });
    const dedup = createEventDedup(options.answeredEvents);
    const access = createChannelAccess(api, identify);
    home = createHome({
      dispatch,
      api,
      uploads,
      messages,
      budget,
      users,
      directChannel,
      log,
      ...(options.gatherMs !== undefined && { gatherMs: options.gatherMs }),
    });
    requestHandler = createRequestHandler({
      dispatch,
      ephemeral,
      api,
      users,
      access,
      budget,
      home,
      dedup,
      queueCommand: commandNamed(commands, 'showsQueue'),
      directChannel,
      log,
    });
    const app = new App({
      receiver: connection.receiver,
      logger,
      // Without it Bolt would ask Slack who it is before it acknowledges the first event.
      authorize: async () => ({ botToken, ...pick(identity) }),
    });
    app.error(async (error) => {
      log.error({ err: new SlackRequestError(error.message) }, 'an event could not be handled');
    });
    const pictures = createRemotePictures({ api, botToken, apiUrl });
    listen({
      app,
      requestHandler,
      home,
      pictures,
      nameCommands,
      commands,
      botUserId: async () => (await identify()).botUserId,
    });
  }

  async function introduce(): Promise<void> {
    try {
      const { scopes } = await identify();
      const missing = missingScopes(scopes);
      if (scopes.length > 0 && missing.length > 0) {
        log.warn(
          { missing },
          `The Slack app lacks scopes that Easel needs: ${missing.join(', ')}; paste slack-manifest.yaml into its manifest and reinstall it.`,
        );
      }
    } catch (error) {
      if (!(error instanceof SlackRequestError)) throw error;
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
      return identity === undefined ? undefined : describeWelcome(identity, commandNamed(commands, 'isDefault'));
    },
    get httpPort() {
      return connection.port;
    },
    start: async (handlers) => {
      await introduce();
      openRequestHandler(handlers);
      await connection.start();
      sweeping = setTimeout(() => void orphans.sweep(), options.sweepAfterMs ?? SWEEP_AFTER_MS);
      log.info({ team: identity?.team }, 'connected to Slack');
    },
    stop: async () => {
      clearTimeout(sweeping);
      home?.stop();
      api.close();
      await connection.stop();
    },
    progressDelayMs: ({ channelId }, nonce, message) =>
      message === undefined ? budget.postDelayMs(channelId, nonce) : budget.editDelayMs(),
    post: messages.post,
    edit: messages.edit,
    delete: messages.delete,
  };
}

function describeWelcome({ team, botName }: Identity, defaultCommand: string | undefined): string {
  return `Easel is in the Slack workspace ${team}; type ${defaultCommand === undefined ? EASEL : `/${defaultCommand}`} there, and /invite @${botName} to private channels.`;
}

function pick(identity: Identity | undefined) {
  return identity === undefined ? {} : { botId: identity.botId, botUserId: identity.botUserId };
}

/** A person's messages with the bot, by their id. */
function createDirectChannels(api: ReturnType<typeof createWebApi>): (userId: string) => Promise<string> {
  const channels = new Map<string, Promise<string>>();
  return (userId) => {
    const known = channels.get(userId);
    if (known !== undefined) return known;
    const opened = api
      .run('conversations.open', (client) => client.conversations.open({ users: userId }))
      .then(({ channel }) => channel?.id ?? userId);
    opened.catch(() => channels.delete(userId));
    channels.set(userId, opened);
    return opened;
  };
}
