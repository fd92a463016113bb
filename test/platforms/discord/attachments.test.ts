import { PermissionFlagsBits } from 'discord.js';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { jobIdOf } from '../../../src/core/job-id.ts';
import { createDiscordPort } from '../../../src/platforms/discord/index.ts';
import { AttachmentTooLargeError, type ChannelPort } from '../../../src/platforms/port.ts';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import { createMemoryValueStore } from '../../doubles/memory-value-store.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import type { Channel, Person } from '../../emulators/discord/index.ts';
import { type DiscordFixture, finished, newest, openDiscordFixture, SOON } from './discord-fixture.ts';

const MEBIBYTE = 1024 * 1024;
const DRAW = { name: 'draw', description: 'Draw', options: [] };

describe('what Easel puts into a channel of Discord', () => {
  let fixture: DiscordFixture;
  let engine: ControlledEngine;
  beforeEach(async () => {
    engine = createControlledEngine();
    fixture = await openDiscordFixture({ engine });
  });
  afterEach(() => fixture.close());
  const refOf = (channelId: string) => ({ platform: 'discord', channelId }) as const;

  it('notifies nobody, whatever stands in the prompt', async () => {
    const { ada, ben, channel, discord } = fixture;
    await ada.type(channel, 'imagine', { prompt: `@everyone <@${ben.person.id}> a fox`, count: 1 });
    (await engine.begun(0)).finish();
    const { stored, text } = await finished(ada, channel, 0);
    expect(text).toContain(`@everyone <@${ben.person.id}> a fox – @Ada`);
    expect(stored.pinged).toEqual([]);
    expect(discord.state.messages.in(channel).flatMap(({ pinged }) => pinged)).toEqual([]);
  });

  it('bears alternative text of what was asked for, cut to what Discord takes', async () => {
    const { ada, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: `a fox ${'in the snow '.repeat(120)}`, count: 1 });
    (await engine.begun(0)).finish();
    const [picture] = (await finished(ada, channel, 0)).pictures;
    expect(picture?.alt).toMatch(/^Picture: a fox in the snow .*…$/);
    expect(picture?.alt?.length).toBeGreaterThan(1000);
    expect(picture?.alt?.length).toBeLessThanOrEqual(1024);
  });

  it('is hidden where the moderators want it so', async () => {
    const { ada, moderator, channel } = fixture;
    await moderator.type(channel, 'channel', { spoiler: true });
    await ada.type(channel, 'imagine', { prompt: 'a fox', count: 1 });
    (await engine.begun(0)).finish();
    expect((await finished(ada, channel, 0)).pictures[0]?.isSpoiler).toBe(true);
  });

  describe('may be as large as', () => {
    const LARGE = new Uint8Array(11 * MEBIBYTE);
    const picture = { name: 'a.png', mediaType: 'image/png', data: LARGE, width: 1, height: 1, alt: '' } as const;
    const reply = { state: 'done', lines: [], pictures: [picture], buttons: [] } as const;
    let port: ChannelPort;
    beforeEach(async () => {
      const { apiUrl, token } = fixture.discord;
      // The scene's own Easel would answer first.
      await fixture.stop();
      const offered = { commands: [DRAW], messageActions: [], localisations: { commands: {}, messageActions: {} } };
      port = createDiscordPort({
        interactionTokens: createMemoryValueStore(),
        token,
        apiUrl,
        log: pino({ level: 'silent' }),
        commands: offered,
      });
    });
    afterEach(() => port.stop());
    const start = () => port.start({ dispatch: async () => ({ kind: 'posted' }), complete: async () => [] });
    const ask = (person: Person, channel: Channel) =>
      jobIdOf('discord', fixture.discord.as(person).begin(channel, 'draw').id);

    it('the server has been boosted to, and what Discord refuses is said to be too large', async () => {
      const { world } = fixture.discord;
      const boosted = world.channel(world.server('Boosted', { premiumTier: 2 }), 'large');
      await start();
      expect(port.maxAttachmentBytes?.(refOf(boosted.id), 'n')).toBe(50 * MEBIBYTE);
      expect(port.maxAttachmentBytes?.(refOf(fixture.channel.id), 'n')).toBe(10 * MEBIBYTE);
      await expect(port.post(refOf(fixture.channel.id), reply, 'n')).rejects.toThrow(AttachmentTooLargeError);
      expect((await port.post(refOf(boosted.id), reply, 'n')).channel.channelId).toBe(boosted.id);
    });

    it('the interaction promises, where its token is all that the bot has', async () => {
      const { world } = fixture.discord;
      const rich = world.person('Rich', { hasInstalled: true, uploadBytes: 50 * MEBIBYTE });
      const poor = world.person('Poor', { hasInstalled: true });
      const group = world.group([rich, poor]);
      await start();
      const [taken, refused] = [ask(rich, group), ask(poor, group)];
      const limitOf = (nonce: string) => port.maxAttachmentBytes?.(refOf(group.id), nonce);
      await expect.poll(() => limitOf(taken), SOON).toBe(50 * MEBIBYTE);
      expect(limitOf(refused)).toBe(10 * MEBIBYTE);
      await port.post(refOf(group.id), reply, taken);
      expect(newest(fixture.discord.as(poor), group).pictures[0]?.data).toHaveLength(LARGE.length);
      await expect(port.post(refOf(group.id), reply, refused)).rejects.toThrow(AttachmentTooLargeError);
    });

    it('the channel, not the person, where the bot edits in its own right', async () => {
      const { world } = fixture.discord;
      const rich = world.person('Rich', { uploadBytes: 50 * MEBIBYTE });
      world.join(fixture.channel.server, rich);
      await start();
      const nonce = ask(rich, fixture.channel);
      const posted = await port.post(refOf(fixture.channel.id), { ...reply, pictures: [] }, nonce);
      expect(port.maxAttachmentBytes?.(refOf(fixture.channel.id), nonce)).toBe(10 * MEBIBYTE);
      await expect(port.edit(posted, reply)).rejects.toThrow(AttachmentTooLargeError);
    });
  });

  it('is not asked for in vain where the bot may not write: the person is told what to grant', async () => {
    const { ada, ben, channel } = fixture;
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
    const { ada, channel } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox', count: 1 });
    const run = await engine.begun(0);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
    const { botPermissions } = channel;
    channel.botPermissions = 0n;
    run.finish();
    await expect.poll(() => fixture.logged.join(''), SOON).toContain('the message was deleted; the result is kept');
    channel.botPermissions = botPermissions;
    await ada.type(channel, 'show');
    await expect.poll(() => newest(ada, channel).pictures.length, SOON).toBe(1);
  });

  it('ends quietly when the channel is deleted', async () => {
    const { ada, channel, discord } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    const run = await engine.begun(0);
    await expect.poll(() => ada.sees(channel).length, SOON).toBe(1);
    channel.isDeleted = true;
    run.finish();
    await expect.poll(async () => (await pendingOf(fixture.app.queue)).length, SOON).toBe(0);
    await expect.poll(() => fixture.logged.join(''), SOON).toContain('the message was deleted; the result is kept');
    expect(discord.requests.filter(({ status }) => status === 404).length).toBeLessThanOrEqual(1);
  });
});
