import { type Actor, startDiscord } from '../emulators/discord/index.ts';
import type { Crowd } from './crowd.ts';

const CHANNELS = 30;

/** People in the channels of one emulated Discord server; the bot talks to it through the real discord.js. */
export async function createDiscordCrowd(people: number): Promise<Crowd> {
  const discord = await startDiscord();
  const { world } = discord;
  const server = world.server('Atelier');
  const channels = Array.from({ length: CHANNELS }, (_, index) => world.channel(server, `pictures-${index}`));
  const actors: Actor[] = Array.from({ length: people }, (_, index) => {
    const person = world.person(`Person ${index}`);
    world.join(server, person);
    return discord.as(person);
  });

  return {
    platform: 'discord',
    people,
    env: { DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl },
    begin: async () => {
      while (discord.state.commands.length === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    },
    ask: async (person, line) => {
      const [actor, channel] = [actors[person], channels[person % CHANNELS]];
      if (actor === undefined || channel === undefined) throw new RangeError(`there is no person ${person}`);
      const [command = '', prompt] = line.slice(1).split(/ (.*)/s);
      const { at, acknowledgedAt } = await actor.type(
        channel,
        command,
        prompt === undefined ? {} : readOptions(prompt),
      );
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
function readOptions(line: string): Record<string, string | number> {
  const options: Record<string, string | number> = {};
  const prompt = line.replace(/ --(\w+) (\d+)/g, (_, name: string, value: string) => {
    options[name] = Number(value);
    return '';
  });
  return { prompt, ...options };
}
