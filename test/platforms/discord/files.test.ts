import { PermissionFlagsBits } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDiscordPort } from '../../../src/platforms/discord/index.ts';
import { AttachmentTooLargeError } from '../../../src/platforms/port.ts';
import { createSlowEngine, type SlowEngine } from '../../doubles/slow-engine.ts';
import { finished, newest, openScene, type Scene, SOON } from './scene.ts';

describe('what Easel puts into a channel of Discord', () => {
  let scene: Scene;
  let engine: SlowEngine;
  beforeEach(async () => {
    engine = createSlowEngine();
    scene = await openScene({ engine });
  });
  afterEach(() => scene.close());
  const refOf = (channelId: string) => ({ platform: 'discord', channelId }) as const;

  it('notifies nobody, whatever stands in the prompt', async () => {
    const { ada, ben, channel, discord } = scene;
    await ada.type(channel, 'imagine', { prompt: `@everyone <@${ben.person.id}> a fox`, count: 1 });
    (await engine.begun(0)).finish();
    const { stored, text } = await finished(ada, channel, 0);
    expect(text).toContain(`@everyone <@${ben.person.id}> a fox – @Ada`);
    expect(stored.pinged).toEqual([]);
    expect(discord.state.messages.in(channel).flatMap(({ pinged }) => pinged)).toEqual([]);
  });

  it('bears alternative text of what was asked for, cut to what Discord takes', async () => {
    const { ada, channel } = scene;
    await ada.type(channel, 'imagine', { prompt: `a fox ${'in the snow '.repeat(120)}`, count: 1 });
    (await engine.begun(0)).finish();
    const [picture] = (await finished(ada, channel, 0)).pictures;
    expect(picture?.alt).toMatch(/^Picture: a fox in the snow .*…$/);
    expect(picture?.alt?.length).toBeLessThanOrEqual(1024);
  });

  it('is hidden where the moderators want it so', async () => {
    const { ada, moderator, channel } = scene;
    await moderator.type(channel, 'channel', { spoiler: true });
    await ada.type(channel, 'imagine', { prompt: 'a fox', count: 1 });
    (await engine.begun(0)).finish();
    expect((await finished(ada, channel, 0)).pictures[0]?.isSpoiler).toBe(true);
  });

  it('may be as large as the server has been boosted to, and what Discord refuses is said to be too large', async () => {
    const { discord } = scene;
    const boosted = discord.town.channel(discord.town.server('Boosted', { premiumTier: 2 }), 'large');
    const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} } as never;
    const offered = { commands: [], messageActions: [], localisations: { commands: {}, messageActions: {} } };
    const port = createDiscordPort({ token: discord.token, apiUrl: discord.apiUrl, log, offered });
    await port.start({ dispatch: async () => ({ kind: 'posted' }), complete: async () => [] });
    expect(port.maxAttachmentBytes?.(refOf(boosted.id))).toBe(50 * 1024 * 1024);
    expect(port.maxAttachmentBytes?.(refOf(scene.channel.id))).toBe(10 * 1024 * 1024);
    const data = new Uint8Array(11 * 1024 * 1024);
    const picture = { name: 'a.png', mediaType: 'image/png', data, width: 1, height: 1, alt: '' } as const;
    const reply = { state: 'done', lines: [], pictures: [picture], buttons: [] } as const;
    await expect(port.post(refOf(scene.channel.id), reply, 'n')).rejects.toThrow(AttachmentTooLargeError);
    expect((await port.post(refOf(boosted.id), reply, 'n')).channel.channelId).toBe(boosted.id);
    await port.stop();
  });

  it('is not asked for in vain where the bot may not write: the person is told what to grant', async () => {
    const { ada, ben, channel } = scene;
    channel.botPermissions &= ~PermissionFlagsBits.AttachFiles;
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    expect(newest(ada, channel)).toMatchObject({
      isPrivate: true,
      text: expect.stringContaining('lacks Attach Files'),
    });
    expect(engine.runs).toEqual([]);
    expect(ben.sees(channel)).toEqual([]);
  });

  it('is kept when the permission is taken away meanwhile, and /show brings it', async () => {
    const { ada, channel } = scene;
    await ada.type(channel, 'imagine', { prompt: 'a fox', count: 1 });
    const run = await engine.begun(0);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
    const { botPermissions } = channel;
    channel.botPermissions = 0n;
    run.finish();
    await expect.poll(() => scene.logged.join(''), SOON).toContain('the message is gone; the result is kept');
    channel.botPermissions = botPermissions;
    await ada.type(channel, 'show');
    await expect.poll(() => newest(ada, channel).pictures.length, SOON).toBe(1);
  });

  it('ends quietly when the channel is deleted', async () => {
    const { ada, channel, discord } = scene;
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    const run = await engine.begun(0);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
    channel.isDeleted = true;
    run.finish();
    await expect.poll(() => scene.app.queue.pending().length, SOON).toBe(0);
    await expect.poll(() => scene.logged.join(''), SOON).toContain('the message is gone; the result is kept');
    expect(discord.requests.filter(({ status }) => status === 404).length).toBeLessThanOrEqual(1);
  });
});
