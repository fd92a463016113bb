import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { vi } from 'vitest';
import { commands, localisations, messageActions } from '../../../commands/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { type App, createApp } from '../../../src/app/app.ts';
import { readConfig } from '../../../src/app/config.ts';
import { createDiscordPort, type DiscordPortOptions } from '../../../src/platforms/discord/index.ts';
import type { Store, ValueStore } from '../../../src/store/port.ts';
import {
  type Actor,
  type Channel,
  type DiscordEmulator,
  type EmulatorOptions,
  type ServerChannel,
  startDiscord,
  type VisibleMessage,
} from '../../emulators/discord/index.ts';

export interface DiscordFixtureOptions {
  /** Instead of the real one on the embedded model. */
  readonly engine?: Engine;
  readonly emulator?: EmulatorOptions;
  readonly port?: Partial<DiscordPortOptions>;
  readonly env?: NodeJS.ProcessEnv;
  /** Another scene's, which closes it. */
  readonly discord?: DiscordEmulator;
}

/** Easel, whole, in an emulated server with two people and a moderator. */
export interface DiscordFixture {
  readonly discord: DiscordEmulator;
  readonly channel: ServerChannel;
  readonly ada: Actor;
  readonly ben: Actor;
  readonly moderator: Actor;
  readonly app: App;
  /** What Easel has logged, one JSON line an event. */
  readonly logged: readonly string[];
  /** Ends the bot as a shutdown does, and starts it again over the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** A shared machine with busy cores takes its time. */
export const SOON = { timeout: 20_000, interval: 20 };
export const PICTURE = { timeout: 60_000, interval: 50 };

export async function openDiscordFixture(options: DiscordFixtureOptions = {}): Promise<DiscordFixture> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'easel-discord-'));
  const discord = options.discord ?? (await startDiscord(options.emulator));
  const logged: string[] = [];
  const people = populate(discord);
  let app = await startApp(dataFolder, discord, logged, options);
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await app.stop();
  };
  return {
    discord,
    logged,
    ...people,
    get app() {
      return app;
    },
    restart: async () => {
      await stop();
      app = await startApp(dataFolder, discord, logged, options);
      isStopped = false;
    },
    stop,
    close: async () => {
      await stop();
      if (options.discord === undefined) await discord.close();
      rmSync(dataFolder, { recursive: true });
    },
  };
}

function populate(discord: DiscordEmulator) {
  const { world } = discord;
  const server = world.server('Atelier');
  const [ada, ben, moderator] = [world.person('Ada'), world.person('Ben'), world.person('Mo')];
  world.join(server, ada);
  world.join(server, ben);
  world.join(server, moderator, { moderates: true });
  const channel = world.channel(server, 'pictures');
  return { channel, ada: discord.as(ada), ben: discord.as(ben), moderator: discord.as(moderator) };
}

async function startApp(
  dataFolder: string,
  discord: DiscordEmulator,
  logged: string[],
  options: DiscordFixtureOptions,
): Promise<App> {
  const log = pino({ level: 'debug' }, { write: (line: string) => logged.push(line) });
  let store: Store | undefined;
  const port = createDiscordPort({
    interactionTokens: valuesOf(() => store?.values('discord-loans')),
    ...{ token: discord.token, apiUrl: discord.apiUrl, log, minEditIntervalMs: 50, firstPauseMs: 20 },
    ...{ minPresenceIntervalMs: 50 },
    commands: {
      commands: commands.map(({ description }) => description),
      messageActions: messageActions.map(({ description }) => description),
      localisations,
    },
    ...options.port,
  });
  const config = readConfig({ EASEL_DATA: dataFolder, EASEL_CONCURRENCY: '1', ...options.env });
  const { engine } = options;
  const wrapStore = (opened: Store) => {
    store = opened;
    return opened;
  };
  const app = await createApp(config, { ports: [port], log, wrapStore, ...(engine !== undefined && { engine }) });
  await app.start();
  return app;
}

/** Of a store that is opened later. */
function valuesOf<Value>(open: () => ValueStore<Value> | undefined): ValueStore<Value> {
  let opened: ValueStore<Value> | undefined;
  const values = () => {
    opened ??= open();
    if (opened === undefined) throw new Error('the store is not open');
    return opened;
  };
  return {
    get: (key) => values().get(key),
    set: (key, value, lifetime) => values().set(key, value, lifetime),
    add: (key, value, lifetime) => values().add(key, value, lifetime),
    delete: (key) => values().delete(key),
    all: () => values().all(),
    prune: (isOver) => values().prune(isOver),
  };
}

/** The newest message in the channel, as the person sees it. */
export function newest(actor: Actor, channel: Channel): VisibleMessage {
  const message = actor.sees(channel).at(-1);
  if (message === undefined) throw new Error('the channel is empty');
  return message;
}

/** Waits for the message's end: a picture and its buttons. */
export async function finished(actor: Actor, channel: Channel, index: number): Promise<VisibleMessage> {
  return vi.waitFor(() => {
    const message = actor.sees(channel)[index];
    if (message?.buttons.flat().includes('🔄') !== true) throw new Error(`message ${index} has not ended`);
    return message;
  }, PICTURE);
}
