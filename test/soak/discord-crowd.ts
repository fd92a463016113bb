import { type Actor, type DiscordEmulator, type ServerChannel, startDiscord } from '../emulators/discord/index.ts';
import type { Crowd } from './crowd.ts';

const CHANNELS = 30;

export interface DiscordCrowd extends Crowd {
  readonly discord: DiscordEmulator;
  readonly actors: readonly Actor[];
  /** The channel in which a person asks. */
  channelOf(person: number): ServerChannel;
}

/** People in the channels of one emulated Discord server; the bot talks to it through the real discord.js. */
export async function createDiscordCrowd(people: number): Promise<DiscordCrowd> {
  const discord = await startDiscord();
  const { world } = discord;
  const server = world.server('Atelier');
  const channels = Array.from({ length: CHANNELS }, (_, index) => world.channel(server, `pictures-${index}`));
  const actors: Actor[] = Array.from({ length: people }, (_, index) => {
    const person = world.person(`Person ${index}`);
    world.join(server, person);
    return discord.as(person);
  });

  function channelOf(person: number): ServerChannel {
    const channel = channels[person % CHANNELS];
    if (channel === undefined) throw new RangeError(`there is no person ${person}`);
    return channel;
  }

  return {
    platform: 'discord',
    people,
    discord,
    actors,
    channelOf,
    env: { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl },
    begin: async () => {
      while (discord.state.commands.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    },
    ask: async (person, line) => {
      const actor = actors[person];
      if (actor === undefined) throw new RangeError(`there is no person ${person}`);
      const [command = '', prompt] = line.slice(1).split(/ (.*)/s);
      const options = prompt === undefined ? {} : readOptions(prompt);
      const { at, acknowledgedAt } = await actor.type(channelOf(person), command, options);
      return acknowledgedAt === undefined ? undefined : acknowledgedAt - at;
    },
    look: async () =>
      channels.flatMap((channel) =>
        (actors[0]?.sees(channel) ?? [])
          .filter(({ isPrivate }) => !isPrivate)
          .map(({ text, pictures }) => ({ text, hasPicture: pictures.length > 0 })),
      ),
    end: () => discord.close(),
  };
}

/** `--count 1` as the option it is. */
export function readOptions(line: string): Record<string, string | number> {
  const options: Record<string, string | number> = {};
  const prompt = line.replace(/ --(\w+) (\d+)/g, (_, name: string, value: string) => {
    options[name] = Number(value);
    return '';
  });
  return { prompt, ...options };
}
