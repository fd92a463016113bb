import { REST } from 'discord.js';
import type { Logger } from 'pino';
import { commandNamed } from '../../core/command.ts';
import type { ValueStore } from '../../store/port.ts';
import type { BotStatus, ChannelHandlers, ChannelPort } from '../port.ts';
import { createAttachmentLimits } from './attachment-limits.ts';
import { MAX_ATTACHMENT_BYTES } from './attachment-size.ts';
import { createBotMessages } from './bot-messages.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { RequestContext } from './inbound.ts';
import type { InteractionToken } from './interaction-token.ts';
import { createInteractionTokens } from './interaction-tokens.ts';
import { createInteractions } from './interactions.ts';
import { createListener } from './listener.ts';
import { createMessages } from './messages.ts';
import { inviteLink } from './permissions.ts';
import { createPresenceThrottle, describePresence, TWO_INSTANCES } from './presence.ts';
import { type CommandCatalog, describeCommands, registerCommands } from './registration.ts';
import { attachmentHosts } from './remote-picture.ts';
import { MAX_ALT_LENGTH } from './render.ts';
import { createSecondInstance } from './second-instance.ts';
import type { Session, ShardCount } from './session.ts';
import { createTokenMessages } from './token-messages.ts';

/** What `createDiscordPort` needs. */
export interface DiscordPortOptions {
  readonly token: string;
  /** Instead of Discord's own address: a proxy, or an emulator. With `/api`, without the version. */
  readonly apiUrl?: string;
  /** Connections to the gateway. @default 'auto', as many as Discord recommends */
  readonly shards?: ShardCount;
  readonly log: Logger;
  /** What people find under `/` and under *Apps*. */
  readonly commands: CommandCatalog;
  /** What the bot has borrowed of interactions, on disk. */
  readonly interactionTokens: ValueStore<InteractionToken>;
  /** Milliseconds for which Discord keeps the token of an interaction. @default 900000 */
  readonly tokenLifetimeMs?: number;
  /** See `ChannelCapabilities`. @default 2000 */
  readonly minEditIntervalMs?: number;
  /** Least time between two changes of the bot's status, which Discord limits. @default 5000 */
  readonly minPresenceIntervalMs?: number;
  /** See `GatewayOptions`. @default 1000 */
  readonly firstPauseMs?: number;
}

const TOKEN_LIFETIME_MS = 15 * 60_000;
/** Discord takes 5 edits in 5 seconds in a channel, where several people's pictures may form. */
const MIN_EDIT_INTERVAL_MS = 2000;
/** A call is given up after this long without an answer, and tried again. */
const REST_TIMEOUT_MS = 30_000;

/** Discord, by its gateway and its REST API. Posts are possible before `start`, which opens it to people. */
export function createDiscordPort(options: DiscordPortOptions): ChannelPort {
  const { token, apiUrl, log, commands: catalog, shards = 'auto' } = options;
  const api = apiUrl === undefined ? {} : { api: apiUrl };
  const rest = new REST({ ...api, timeout: REST_TIMEOUT_MS }).setToken(token);
  // Interactions do not count against the bot's global limit. Source: Discord's "Rate Limits".
  const tokenRest = new REST({ ...api, retries: 0, globalRequestsPerSecond: Number.MAX_SAFE_INTEGER });
  const tokenLifetimeMs = options.tokenLifetimeMs ?? TOKEN_LIFETIME_MS;
  const interactions = createInteractions(tokenLifetimeMs);
  const interactionTokens = createInteractionTokens({
    ...{ rest: tokenRest, values: options.interactionTokens, tokenLifetimeMs },
    showCommand: commandNamed(catalog.commands, 'showsPictures'),
  });
  const botMessages = createBotMessages(rest);
  const messages = createMessages({
    interactions,
    botMessages,
    tokenMessages: createTokenMessages({ rest, interactionTokens, botMessages }),
  });
  const second = createSecondInstance(log, () => status !== undefined && presence.show(status));
  const defaultCommand = commandNamed(catalog.commands, 'isDefault');
  const presence = createPresenceThrottle((shown) => {
    gateway?.session?.show(second.isCertain ? TWO_INSTANCES : describePresence(shown, defaultCommand));
  }, options.minPresenceIntervalMs);
  let gateway: Gateway | undefined;
  let status: BotStatus | undefined;
  let welcome: string | undefined;

  const requestContext: RequestContext = {
    commands: catalog.commands,
    messageActions: catalog.messageActions,
    hosts: attachmentHosts(apiUrl),
    isAgeRestricted: (channelId) => gateway?.session?.isAgeRestricted(channelId),
    isInServer: (guildId) => gateway?.session?.isInServer(guildId) ?? false,
  };

  const maxAttachmentBytes = createAttachmentLimits({
    ...{ interactionTokens, interactions },
    ofServer: (channelId) => gateway?.session?.maxAttachmentBytes(channelId),
  });

  async function onSession(session: Session): Promise<void> {
    // After an answer of 401 discord.js forgets the token.
    rest.setToken(token);
    if (status !== undefined) presence.show(status);
    const invite = inviteLink(session.applicationId);
    welcome = describeWelcome(session.serverCount, invite);
    log.info({ servers: session.serverCount, invite }, 'connected to Discord');
    const written = await registerCommands(rest, session.applicationId, describeCommands(catalog));
    if (written) log.info('the commands were registered with Discord');
  }

  function createConnection(handlers: ChannelHandlers): Gateway {
    const listen = createListener({
      interactions,
      interactionTokens,
      requestContext,
      log,
      second,
      handlers,
      rest: tokenRest,
    });
    return createGateway({
      ...{ token, apiUrl, shards, log, onSession, onEarlierPresence: second.noteEarlierPresence },
      onInteraction: (interaction) => void listen(interaction),
      ...(options.firstPauseMs !== undefined && { firstPauseMs: options.firstPauseMs }),
    });
  }

  return {
    platform: 'discord',
    capabilities: {
      minEditIntervalMs: options.minEditIntervalMs ?? MIN_EDIT_INTERVAL_MS,
      maxAttachmentBytes: MAX_ATTACHMENT_BYTES,
      maxAltLength: MAX_ALT_LENGTH,
      previews: true,
    },
    get welcome() {
      return welcome;
    },
    start: async (handlers) => {
      await interactionTokens.prune();
      gateway = createConnection(handlers);
      await gateway.start();
    },
    stop: async () => {
      second.close();
      presence.stop();
      await gateway?.stop();
      await interactions.discardPlaceholders();
      interactionTokens.close();
    },
    maxAttachmentBytes,
    present: (next) => {
      status = next;
      presence.show(next);
    },
    ...messages,
  };
}

function describeWelcome(serverCount: number, invite: string): string {
  const where = serverCount === 1 ? '1 server' : `${serverCount} servers`;
  return `Easel is on Discord, in ${where}; add it to ${serverCount === 0 ? 'one' : 'another'} at ${invite}`;
}
