import {
  type APIInteraction,
  Client,
  type ClientOptions,
  Events,
  GatewayDispatchEvents,
  type GatewayGuildCreateDispatchData,
  GatewayIntentBits,
  GuildPremiumTier,
  Options,
  type PresenceData,
} from 'discord.js';
import pTimeout from 'p-timeout';
import type { Logger } from 'pino';
import { redact, toRequestError } from './errors.ts';
import { explainLoginError } from './login-errors.ts';
import { buildSharding } from './shards.ts';

/** How many shards the bot's servers are spread over; `auto` does as Discord advises. */
export type ShardCount = number | 'auto';

export interface SessionOptions {
  /** Ends a login that is under way. */
  readonly signal: AbortSignal;
  readonly token: string;
  readonly apiUrl: string | undefined;
  readonly shards: ShardCount;
  readonly log: Logger;
  readonly onInteraction: (interaction: APIInteraction) => void;
  /** Called when, as the session opens, a server shows the bot as doing something that this session has not said. */
  readonly onEarlierPresence: () => void;
  /** Called once, when the session will not come back by itself. */
  readonly onEnd: (reason: unknown) => void;
  /** A shard that has been away for longer is started again. */
  readonly maxAwayMs: number;
}

/** What is known of the servers that the bot is in, and the way to show its presence. */
export interface Session {
  readonly applicationId: string;
  readonly serverCount: number;
  isInServer(guildId: string): boolean;
  isAgeRestricted(channelId: string): boolean | undefined;
  /** Bytes of one attachment in a channel of a server; undefined where no server is known. */
  maxAttachmentBytes(channelId: string): number | undefined;
  show(presence: PresenceData): void;
  close(): Promise<void>;
}

const CONNECT_LIMIT_MS = 60_000;
const MEBIBYTE = 1024 * 1024;
/** By what a server has been boosted to. Source: Discord's help on file attachments. */
const ATTACHMENT_BYTES: Readonly<Record<GuildPremiumTier, number>> = {
  [GuildPremiumTier.None]: 10 * MEBIBYTE,
  [GuildPremiumTier.Tier1]: 10 * MEBIBYTE,
  [GuildPremiumTier.Tier2]: 50 * MEBIBYTE,
  [GuildPremiumTier.Tier3]: 100 * MEBIBYTE,
};

/**
 * Connects all shards. While it lives, discord.js reconnects and resumes by itself.
 * @throws EaselError `discord_setup` when a person has to do something; DiscordTroubleError for what may pass
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { token, log, onInteraction, onEnd, maxAwayMs } = options;
  let closeCode: number | undefined;
  let ended = false;
  const end = (reason: unknown) => {
    if (ended) return;
    ended = true;
    onEnd(explainLoginError(reason, closeCode) ?? toRequestError(reason));
  };
  const client = new Client(clientOptions(options));
  const away = new Map<number, NodeJS.Timeout>();
  const isBack = (shard: number) => {
    clearTimeout(away.get(shard));
    away.delete(shard);
  };

  client.on(Events.Error, (error) => log.warn({ err: toRequestError(error) }, 'discord.js'));
  client.on(Events.Warn, (words) => log.warn(redact(words)));
  client.on(Events.ShardError, (error, shard) =>
    log.warn({ shard, err: toRequestError(error) }, 'the connection to Discord failed'),
  );
  client.on(Events.ShardDisconnect, ({ code }) => {
    closeCode = code;
    if (client.isReady()) end(new Error(`Discord closed the connection permanently (${code})`));
  });
  client.on(Events.Invalidated, () => end(new Error('Discord ended the session')));
  client.on(Events.ShardReconnecting, (shard) => {
    // discord.js says so of its own closing, too.
    if (ended) return;
    log.info({ shard }, 'reconnecting to Discord');
    isBack(shard);
    away.set(shard, setTimeout(end, maxAwayMs, new Error(`shard ${shard} did not reconnect`)).unref());
  });
  client.on(Events.ShardReady, isBack);
  client.on(Events.ShardResume, (shard) => {
    isBack(shard);
    log.info({ shard }, 'resumed');
  });
  // Raw, so that nothing waits until all servers are known, and nothing is lost that discord.js has no class for.
  client.ws.on(GatewayDispatchEvents.InteractionCreate, (interaction: APIInteraction) => onInteraction(interaction));

  /** Without the privileged intent a server's presences are the bot's own and those of people who talk. */
  const readPresence = ({ presences }: Partial<GatewayGuildCreateDispatchData>) => {
    // An API in Discord's place may not say it; what throws here would keep the server itself unknown.
    const botMessages = presences?.find(({ user }) => user.id === client.user?.id);
    if ((botMessages?.activities ?? []).length > 0) options.onEarlierPresence();
  };
  client.ws.on(GatewayDispatchEvents.GuildCreate, readPresence);

  async function close(): Promise<void> {
    ended = true;
    for (const shard of away.keys()) isBack(shard);
    await client.destroy();
  }

  try {
    const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
    // discord.js tries to connect for as long as it takes.
    await pTimeout(Promise.all([client.login(token), ready]), {
      milliseconds: CONNECT_LIMIT_MS,
      signal: options.signal,
      message: new Error(`Discord did not let the bot in within ${CONNECT_LIMIT_MS / 1000} seconds`),
    });
    client.ws.off(GatewayDispatchEvents.GuildCreate, readPresence);
    return asSession(await ready, close);
  } catch (error) {
    await close();
    throw explainLoginError(error, closeCode) ?? toRequestError(error);
  }
}

function asSession(client: Client<true>, close: () => Promise<void>): Session {
  return {
    applicationId: client.application.id,
    get serverCount() {
      return client.guilds.cache.size;
    },
    isInServer: (guildId) => client.guilds.cache.has(guildId),
    isAgeRestricted: (channelId) => {
      const channel = client.channels.cache.get(channelId);
      return channel !== undefined && 'nsfw' in channel ? channel.nsfw : undefined;
    },
    maxAttachmentBytes: (channelId) => {
      const channel = client.channels.cache.get(channelId);
      return channel === undefined || !('guild' in channel) ? undefined : ATTACHMENT_BYTES[channel.guild.premiumTier];
    },
    show: (presence) => {
      for (const shard of client.ws.shards.keys()) client.user.setPresence({ ...presence, shardId: shard });
    },
    close,
  };
}

function clientOptions({ apiUrl, shards, log }: SessionOptions): ClientOptions {
  return {
    // The servers and their channels; interactions come without any intent.
    intents: [GatewayIntentBits.Guilds],
    ...(shards === 'auto' ? { shards } : { shardCount: shards }),
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 0,
      GuildMemberManager: { maxSize: 1, keepOverLimit: ({ id, client }) => id === client.user.id },
      ThreadMemberManager: 0,
    }),
    ...(apiUrl !== undefined && { rest: { api: apiUrl } }),
    ws: {
      buildStrategy: buildSharding((error) =>
        log.warn({ err: toRequestError(error) }, 'an event could not be handled'),
      ),
    },
  };
}
