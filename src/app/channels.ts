import { commands, localisations, messageActions } from '../../commands/index.ts';
import type { Log } from '../lib/log.ts';
import type { ChannelPort } from '../platforms/port.ts';
import type { SlackConfig } from '../platforms/slack/config.ts';
import type { OrphanedFile } from '../platforms/slack/orphaned-files.ts';
import { createWebPort } from '../platforms/web/index.ts';
import type { Store } from '../store/port.ts';
import type { Config, DiscordConfig } from './config.ts';

/** The ports of the configured platforms; `web` is among them. */
export interface Channels {
  readonly ports: readonly ChannelPort[];
  readonly web?: ReturnType<typeof createWebPort>;
}

/**
 * The platforms that the configuration names; a platform's packages are loaded only when it is among them.
 * @param store where a platform keeps what a restart must not lose
 */
export async function openChannels(config: Config, store: Pick<Store, 'values'>, log: Log): Promise<Channels> {
  const { host, port, dataFolder } = config;
  const descriptions = commands.map((command) => command.description);
  const actions = messageActions.map(({ description }) => description);
  const permissions = { isModerator: config.webModerators === 'everyone', isAgeRestricted: config.webAgeRestricted };
  const web = createWebPort({
    host,
    port,
    dataFolder,
    log,
    commands: descriptions,
    messageActions: actions,
    permissions,
  });
  const discord = config.discord === undefined ? [] : [await openDiscord(config.discord, store, log)];
  const slack = config.slack === undefined ? [] : [await openSlack(config.slack, store, log)];
  return { ports: [web, ...discord, ...slack], web };
}

async function openSlack(config: SlackConfig, store: Pick<Store, 'values'>, log: Log): Promise<ChannelPort> {
  const { createSlackPort } = await import('../platforms/slack/index.ts');
  const descriptions = commands.map(({ description }) => description);
  const stores = {
    files: store.values<OrphanedFile>('slack-files'),
    answeredEvents: store.values<number>('slack-served'),
  };
  return createSlackPort({ ...config, log, commands: descriptions, ...stores });
}

async function openDiscord(config: DiscordConfig, store: Pick<Store, 'values'>, log: Log): Promise<ChannelPort> {
  const { createDiscordPort } = await import('../platforms/discord/index.ts');
  const catalog = {
    commands: commands.map(({ description }) => description),
    messageActions: messageActions.map(({ description }) => description),
    localisations,
  };
  return createDiscordPort({
    ...config,
    commands: catalog,
    interactionTokens: store.values('discord-loans'),
    log: log.child({ platform: 'discord' }),
  });
}
