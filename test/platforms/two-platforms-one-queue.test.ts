import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { type ControlledEngine, createControlledEngine } from '../doubles/controlled-engine.ts';
import { pendingOf } from '../doubles/queue-reading.ts';
import { type DiscordEmulator, startDiscord } from '../emulators/discord/index.ts';
import { APP_TOKEN, BOT_TOKEN, type SlackEmulator, startSlack } from '../emulators/slack/server.ts';
import { messagesVisibleTo, visibleMessage } from '../emulators/slack/visible-message.ts';

/** Discord, Slack and the web at once, wired from the environment as an operator would. */
let folder: string;
let discord: DiscordEmulator;
let slack: SlackEmulator;
let engine: ControlledEngine;
let app: App;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'easel-both-'));
  [discord, slack] = await Promise.all([startDiscord(), startSlack()]);
  engine = createControlledEngine();
  const config = readConfig({
    ...{ EASEL_DATA: folder, PORT: '0', EASEL_COUNT: '1', EASEL_CONCURRENCY: '1' },
    ...{ DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl },
    ...{ SLACK_BOT_TOKEN: BOT_TOKEN, SLACK_APP_TOKEN: APP_TOKEN, SLACK_API_URL: slack.apiUrl },
  });
  app = await createApp(config, { engine, log: pino({ level: 'silent' }) });
  await app.start();
});
afterEach(async () => {
  await app.stop();
  await Promise.all([discord.close(), slack.close()]);
  rmSync(folder, { recursive: true });
});

const SOON = { timeout: 20_000, interval: 20 };

it('one queue serves both platforms, and one engine draws for each person in their turn', async () => {
  const { world } = discord;
  const server = world.server('Atelier');
  const ben = world.person('Ben');
  world.join(server, ben);
  const channel = world.channel(server, 'pictures');

  await slack.actions.command('/imagine slack one');
  await engine.begun(0);
  await slack.actions.command('/imagine slack two');
  await slack.actions.command('/imagine slack three');
  await expect.poll(async () => (await pendingOf(app.queue)).length, SOON).toBe(3);
  await discord.as(ben).type(channel, 'imagine', { prompt: 'discord one' });
  await expect.poll(async () => (await pendingOf(app.queue)).length, SOON).toBe(4);
  for (let index = 0; index < 4; index++) (await engine.begun(index)).finish();

  // Ben has had nothing yet, so he comes before Ada's second, though she asked first.
  expect(engine.runs.map(({ prompt }) => prompt)).toEqual(['slack one', 'discord one', 'slack two', 'slack three']);
  const inSlack = () => messagesVisibleTo(slack).map((message) => visibleMessage(slack, message).pictures);
  await expect.poll(inSlack, SOON).toEqual([['Picture: slack one'], ['Picture: slack two'], ['Picture: slack three']]);
  await expect.poll(() => discord.as(ben).sees(channel)[0]?.pictures.length, SOON).toBe(1);
  expect(app.welcomes).toEqual(
    expect.arrayContaining([expect.stringContaining('Slack workspace Studio'), expect.stringContaining('discord.com')]),
  );
});
