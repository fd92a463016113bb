import { GatewayCloseCodes } from 'discord.js';
import { afterEach, describe, expect, it } from 'vitest';
import { createControlledEngine } from '../../doubles/controlled-engine.ts';
import {
  type DiscordFixture,
  type DiscordFixtureOptions,
  newest,
  openDiscordFixture,
  SOON,
} from './discord-fixture.ts';

/** discord.js waits half a second before it connects again. */
const RECONNECT = { timeout: 20_000, interval: 50 };

describe('the connection to Discord', () => {
  let fixture: DiscordFixture;
  afterEach(() => fixture.close());
  const open = async (options: DiscordFixtureOptions = {}) => {
    fixture = await openDiscordFixture({ engine: createControlledEngine(), ...options });
    return fixture;
  };
  const answers = async (command = 'help') => {
    const { ada, channel } = fixture;
    const asked = await ada.type(channel, command);
    expect(asked.hasFailed).toBe(false);
    return newest(ada, channel).text;
  };
  const isBack = () =>
    expect.poll(() => fixture.discord.gateway.sessions[0]?.socket !== undefined, RECONNECT).toBe(true);

  it('comes back when the network breaks it, and what happened meanwhile is answered', async () => {
    const { ada, channel, discord } = await open();
    discord.gateway.cut();
    const asked = ada.begin(channel, 'help');
    await expect.poll(() => discord.gateway.resumes, RECONNECT).toBe(1);
    await expect.poll(() => asked.acknowledgedAt !== undefined, RECONNECT).toBe(true);
    expect(discord.gateway.identifies).toBe(1);
  });

  it('resumes when Discord asks it to reconnect (op 7)', async () => {
    const { discord } = await open();
    discord.gateway.askToReconnect();
    await expect.poll(() => discord.gateway.resumes, RECONNECT).toBe(1);
    expect(await answers()).toContain('/imagine');
  });

  it('begins a new session when the old one is declared invalid (op 9)', async () => {
    const { discord } = await open();
    discord.gateway.invalidate();
    await expect.poll(() => discord.gateway.identifies, RECONNECT).toBe(2);
    await isBack();
    expect(await answers()).toContain('/imagine');
  });

  it('survives that the session is declared invalid right after it was resumed', async () => {
    const uncaught: unknown[] = [];
    const note = (reason: unknown) => uncaught.push(reason);
    process.on('unhandledRejection', note);
    const { discord } = await open();
    discord.gateway.invalidate({ afterResume: true });
    discord.gateway.cut();
    await expect.poll(() => discord.gateway.identifies, RECONNECT).toBe(2);
    await isBack();
    expect(await answers()).toContain('/imagine');
    process.off('unhandledRejection', note);
    expect(uncaught).toEqual([]);
  });

  it('notices that heartbeats are not answered', async () => {
    const { discord } = await open({ emulator: { heartbeatMs: 300 } });
    discord.gateway.setDeaf(true);
    await expect.poll(() => discord.gateway.resumes, RECONNECT).toBeGreaterThanOrEqual(1);
    discord.gateway.setDeaf(false);
    await isBack();
    expect(await answers()).toContain('/imagine');
  });

  it('starts anew by itself when discord.js gives up, and says why in the log', async () => {
    const { discord, logged } = await open();
    discord.gateway.cut(GatewayCloseCodes.AuthenticationFailed);
    await expect.poll(() => discord.gateway.identifies, RECONNECT).toBe(2);
    await isBack();
    expect(await answers()).toContain('/imagine');
    expect(logged.join('')).toContain('Reset Token');
  });

  it('is spread over as many shards as are asked for, and each answers for its servers', async () => {
    const { discord } = await open({ port: { shards: 3 } });
    expect(discord.gateway.sessions.map(({ shard }) => shard)).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
    ]);
    expect(await answers()).toContain('/imagine');
  });

  it('shows what the bot is doing', async () => {
    const engine = createControlledEngine();
    const { ada, ben, channel, discord } = await open({ engine });
    const shown = () => JSON.stringify(discord.gateway.sessions[0]?.presence);
    await expect.poll(shown, SOON).toContain('/imagine a picture');
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    await expect.poll(shown, SOON).toContain('drawing a picture');
    await ben.type(channel, 'imagine', { prompt: 'a crow' });
    await expect.poll(shown, SOON).toContain('drawing a picture, 1 in the queue');
  });

  it('is closed when Easel stops, and nothing is left thinking', async () => {
    const { ada, channel, discord } = await open();
    discord.faults.next('POST', /callback$/, { kind: 'delay', ms: 500 });
    ada.begin(channel, 'imagine', { prompt: 'a fox' });
    await fixture.stop();
    expect(discord.gateway.sessions.every(({ socket }) => socket === undefined)).toBe(true);
    expect(ada.sees(channel).filter(({ isThinking }) => isThinking)).toEqual([]);
  });
});
