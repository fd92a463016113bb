import { commands } from '../commands/index.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import type { ChannelPort } from './platforms/port.ts';
import { createWebPort } from './platforms/web/index.ts';

export interface Channels {
  readonly ports: readonly ChannelPort[];
  readonly web?: ReturnType<typeof createWebPort>;
}

/** The platforms that the configuration names; a platform's packages are loaded only when it is among them. */
export async function openChannels(config: Config, log: Log): Promise<Channels> {
  const { host, port, dataFolder } = config;
  const descriptions = commands.map((command) => command.description);
  const web = createWebPort({ host, port, dataFolder, log, commands: descriptions });
  return { ports: [web], web };
}
