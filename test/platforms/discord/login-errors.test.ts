import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDiscordPort, type DiscordPortOptions } from '../../../src/platforms/discord/index.ts';
import type { ChannelHandlers, ChannelPort } from '../../../src/platforms/port.ts';
import { createMemoryValueStore } from '../../doubles/memory-value-store.ts';
import { type DiscordEmulator, type EmulatorOptions, startDiscord } from '../../emulators/discord/index.ts';

const HANDLERS: ChannelHandlers = {
  dispatch: async () => ({ kind: 'posted' }),
  complete: async () => [],
};
const NOTHING = { commands: [], messageActions: [], localisations: { commands: {}, messageActions: {} } };

describe('setting Discord up', () => {
  let discord: DiscordEmulator;
  let port: ChannelPort | undefined;
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });

  async function start(
    options: Partial<DiscordPortOptions> = {},
    emulator: EmulatorOptions = {},
  ): Promise<ChannelPort> {
    discord = await startDiscord(emulator);
    port = createDiscordPort({
      interactionTokens: createMemoryValueStore(),
      token: discord.token,
      apiUrl: discord.apiUrl,
      log,
      commands: NOTHING,
      ...options,
    });
    await port.start(HANDLERS);
    return port;
  }
  beforeEach(() => {
    lines.length = 0;
    port = undefined;
  });
  afterEach(async () => {
    await port?.stop();
    await discord.close();
  });

  it('a token that Discord does not take: what to click', async () => {
    await expect(start({ token: 'MTIz.wrong.token' })).rejects.toThrow(
      /does not accept DISCORD_TOKEN. Open https:\/\/discord.com\/developers\/applications.* Reset Token/,
    );
  });

  it('intents that Discord does not take: where to look', async () => {
    await expect(start({}, { disallowedIntents: 1 })).rejects.toThrow(
      /rejects the intents.* check its state under Bot/,
    );
  });

  it('a shard number that cannot be: what to set', async () => {
    discord = await startDiscord();
    discord.gateway.closeNext(4010);
    port = createDiscordPort({
      interactionTokens: createMemoryValueStore(),
      token: discord.token,
      apiUrl: discord.apiUrl,
      log,
      commands: NOTHING,
    });
    await expect(port.start(HANDLERS)).rejects.toThrow('set DISCORD_SHARDS=auto');
  });

  it('where to add the bot, with the scopes and permissions that it needs', async () => {
    const { welcome = '' } = await start();
    const url = new URL(/https:\S+/.exec(welcome)?.[0] ?? '');
    expect(welcome).toContain('in 0 servers; add it to one at');
    expect(url.searchParams.get('client_id')).toBe(discord.botId);
    expect(url.searchParams.get('scope')).toBe('bot applications.commands');
    const permissions = BigInt(url.searchParams.get('permissions') ?? 0);
    expect(permissions).toBe((1n << 10n) | (1n << 11n) | (1n << 15n) | (1n << 16n) | (1n << 38n));
  });

  it('while Discord is away, the rest of Easel starts, and Discord follows', async () => {
    discord = await startDiscord();
    discord.faults.next('GET', /^\/gateway\/bot$/, { kind: 'status', status: 403 });
    port = createDiscordPort({
      interactionTokens: createMemoryValueStore(),
      token: discord.token,
      apiUrl: discord.apiUrl,
      log,
      commands: NOTHING,
      firstPauseMs: 10,
    });
    await port.start(HANDLERS);
    await expect.poll(() => port?.welcome, { timeout: 20_000 }).toContain('Easel is on Discord');
  });

  it('no token is in the log, whatever goes wrong', async () => {
    await start({ firstPauseMs: 10 });
    const server = discord.world.server('Atelier');
    const ada = discord.as(discord.world.person('Ada'));
    discord.world.join(server, ada.person);
    const channel = discord.world.channel(server, 'pictures');
    const reply = { state: 'info', lines: [], pictures: [], buttons: [] } as const;
    discord.faults.next('POST', /messages$/, { kind: 'status', status: 403, code: 20_000 });
    await port
      ?.post({ platform: 'discord', channelId: channel.id }, reply, 'nonce')
      .catch((error) => log.error({ err: error }));
    discord.faults.next('PUT', /commands$/, { kind: 'status', status: 400, code: 50_035 });
    discord.gateway.invalidate();
    await expect.poll(() => discord.gateway.identifies, { timeout: 20_000 }).toBe(2);
    expect(lines.length).toBeGreaterThan(2);
    const tokens = [discord.token, ...discord.state.interactions.all().map(({ token }) => token)];
    for (const token of tokens) expect(lines.join('')).not.toContain(token);
  });
});
