import { pino } from 'pino';
import { createDiscordPort } from '../../../src/platforms/discord/index.ts';
import type { InteractionToken } from '../../../src/platforms/discord/interaction-token.ts';
import type { ValueStore } from '../../../src/store/port.ts';
import { type PortUnderTest, SILENT_HANDLERS, testChannelPort } from '../../contracts/channel-port/index.ts';
import { createMemoryValueStore } from '../../doubles/memory-value-store.ts';
import { type DiscordEmulator, type ServerChannel, startDiscord } from '../../emulators/discord/index.ts';

const POSTS = /\/channels\/\d+\/messages$/;
const DRAW = { name: 'draw', description: 'Draw', options: [] };

interface Place {
  readonly discord: DiscordEmulator;
  readonly channel: ServerChannel;
  readonly closed: ServerChannel;
  readonly see: ReturnType<DiscordEmulator['as']>;
  readonly interactionTokens: ValueStore<InteractionToken>;
}

async function open(place: Place): Promise<PortUnderTest> {
  const { discord, channel, closed, see, interactionTokens } = place;
  const { token, apiUrl, faults } = discord;
  const offered = { commands: [DRAW], messageActions: [], localisations: { commands: {}, messageActions: {} } };
  const log = pino({ level: 'silent' });
  const port = createDiscordPort({ token, apiUrl, log, interactionTokens, commands: offered, firstPauseMs: 1 });
  await port.start(SILENT_HANDLERS);
  return {
    port,
    channel: { platform: 'discord', channelId: channel.id },
    closedChannel: { platform: 'discord', channelId: closed.id },
    refusedBytes: 11 * 1024 * 1024,
    messages: async () => see.sees(channel).map(({ text, pictures }) => ({ text, pictures: pictures.length })),
    endOutage: () => faults.clear(),
    refusePosts: (times) => faults.next('POST', POSTS, { kind: 'status', status: 503 }, times),
    loseAnswers: (times) => faults.next('POST', POSTS, { kind: 'lose_answer' }, times),
    restart: async () => {
      await port.stop();
      return open(place);
    },
    close: async () => {
      await port.stop();
      await discord.close();
    },
  };
}

testChannelPort('Discord', async () => {
  const discord = await startDiscord();
  const { world } = discord;
  const server = world.server('Atelier');
  const ada = world.person('Ada');
  world.join(server, ada);
  const [channel, closed] = [world.channel(server, 'pictures'), world.channel(server, 'closed')];
  closed.botPermissions = 0n;
  return open({ discord, channel, closed, see: discord.as(ada), interactionTokens: createMemoryValueStore() });
});
