import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import type { Actor } from '../../emulators/discord/index.ts';
import type { Conversation, Person } from '../../emulators/discord/world.ts';
import { type DiscordFixture, finished, newest, openDiscordFixture, SOON } from './discord-fixture.ts';

const MINUTE_MS = 60_000;

describe('everywhere on Discord', () => {
  let fixture: DiscordFixture;
  let engine: ControlledEngine;
  beforeEach(async () => {
    engine = createControlledEngine();
    fixture = await openDiscordFixture({ engine, port: { tokenLifetimeMs: 61_000 } });
  });
  afterEach(() => fixture.close());

  it('in a thread the message stands in the thread, and counts as age-restricted where its channel is', async () => {
    const { ada, discord, channel } = fixture;
    const thread = discord.world.thread(channel, 'foxes');
    await ada.type(thread, 'imagine', { prompt: 'a fox' });
    (await engine.begun(0)).finish();
    const grid = await finished(ada, thread, 0);
    await ada.press(grid.id, 'V1');
    (await engine.begun(1)).finish();
    expect((await finished(ada, thread, 1)).replyTo).toBe(grid.id);
    expect(ada.sees(channel)).toEqual([]);
  });

  it('in direct messages, where nobody is a member of anything', async () => {
    const { ada, discord } = fixture;
    const talk = discord.world.directMessages(ada.person);
    await ada.type(talk, 'imagine', { prompt: 'a fox' });
    (await engine.begun(0)).finish();
    const grid = await finished(ada, talk, 0);
    await ada.press(grid.id, 'U1');
    (await engine.begun(1)).finish();
    await finished(ada, talk, 1);
  });

  describe('in a group, where the bot is no member', () => {
    let group: Conversation;
    let carl: Person;
    beforeEach(() => {
      carl = fixture.discord.world.person('Carl', { hasInstalled: true });
      group = fixture.discord.world.group([carl, fixture.ada.person]);
    });

    it('whoever has installed it draws there by the token of the interaction; the buttons work', async () => {
      const actor = fixture.discord.as(carl);
      await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
      const run = await engine.begun(0);
      run.step(1, 4, true);
      await expect.poll(() => newest(actor, group).text, SOON).toContain('25%');
      run.finish();
      const single = await finished(actor, group, 0);
      await actor.press(single.id, '🔄');
      (await engine.begun(1)).finish();
      await finished(actor, group, 1);
      await actor.press(single.id, '🗑');
      await expect.poll(() => actor.sees(group).length, SOON).toBe(1);
    });

    /** Carl's picture, of which the message has said its last word; the token is dead. */
    const drawTooLong = async (actor: Actor) => {
      await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
      const run = await engine.begun(0);
      await expect.poll(() => newest(actor, group).text, SOON).toContain('as a direct message');
      fixture.discord.clock.advance(15 * MINUTE_MS);
      run.step(2, 4);
      return run;
    };

    it('before the token dies the message says where the result will be: it comes as a direct message', async () => {
      const actor = fixture.discord.as(carl);
      (await drawTooLong(actor)).finish();
      const talk = fixture.discord.world.directMessages(carl);
      const single = await finished(actor, talk, 0);
      expect(single.pictures).toHaveLength(1);
      expect(single.text).toContain('a fox – @Carl');
      await actor.press(single.id, '🔄');
      (await engine.begun(1)).finish();
      await finished(actor, talk, 1);
      await actor.press(single.id, '🗑');
      await expect.poll(() => actor.sees(talk).length, SOON).toBe(1);
    });

    it('where Discord lets the bot write no direct message, /show brings it', async () => {
      carl.takesDirectMessages = false;
      const actor = fixture.discord.as(carl);
      (await drawTooLong(actor)).finish();
      await expect.poll(async () => (await pendingOf(fixture.app.queue)).length, SOON).toBe(0);
      await expect.poll(() => fixture.logged.join(''), SOON).toContain('the message was deleted; the result is kept');
      await actor.type(group, 'show');
      await expect.poll(() => newest(actor, group).pictures.length, SOON).toBe(1);
      const late = fixture.discord.requests.filter(
        ({ path, status }) => path.startsWith('/webhooks/') && status === 401,
      );
      expect(late.length).toBeLessThanOrEqual(1);
    });
  });

  it('/channel is shown only to those who may manage messages', async () => {
    const { ada, moderator, channel } = fixture;
    expect(() => ada.begin(channel, 'channel')).toThrow('is not shown to Ada');
    await moderator.type(channel, 'channel', { 'max-steps': 10 });
    expect(newest(moderator, channel).isPrivate).toBe(true);
    await ada.type(channel, 'imagine', { prompt: 'a fox', steps: 20 });
    expect(newest(ada, channel)).toMatchObject({ isPrivate: true, text: expect.stringContaining('10') });
  });
});
