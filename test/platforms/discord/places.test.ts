import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlowEngine, type SlowEngine } from '../../doubles/slow-engine.ts';
import type { Actor } from '../../emulators/discord/index.ts';
import type { Conversation, Person } from '../../emulators/discord/town.ts';
import { finished, newest, openScene, type Scene, SOON } from './scene.ts';

const MINUTE_MS = 60_000;

describe('everywhere on Discord', () => {
  let scene: Scene;
  let engine: SlowEngine;
  beforeEach(async () => {
    engine = createSlowEngine();
    scene = await openScene({ engine, port: { tokenLifetimeMs: 61_000 } });
  });
  afterEach(() => scene.close());

  it('in a thread the message stands in the thread, and counts as age-restricted where its channel is', async () => {
    const { ada, discord, channel } = scene;
    const thread = discord.town.thread(channel, 'foxes');
    await ada.type(thread, 'imagine', { prompt: 'a fox' });
    (await engine.begun(0)).finish();
    const grid = await finished(ada, thread, 0);
    await ada.press(grid.id, 'V1');
    (await engine.begun(1)).finish();
    expect((await finished(ada, thread, 1)).replyTo).toBe(grid.id);
    expect(ada.sees(channel)).toEqual([]);
  });

  it('in direct messages, where nobody is a member of anything', async () => {
    const { ada, discord } = scene;
    const talk = discord.town.directMessages(ada.person);
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
      carl = scene.discord.town.person('Carl', { hasInstalled: true });
      group = scene.discord.town.group([carl, scene.ada.person]);
    });

    it('whoever has installed it draws there by the token of the interaction; the buttons work', async () => {
      const actor = scene.discord.as(carl);
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
      scene.discord.clock.advance(15 * MINUTE_MS);
      run.step(2, 4);
      return run;
    };

    it('before the token dies the message says where the result will be: it comes as a direct message', async () => {
      const actor = scene.discord.as(carl);
      (await drawTooLong(actor)).finish();
      const talk = scene.discord.town.directMessages(carl);
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
      const actor = scene.discord.as(carl);
      (await drawTooLong(actor)).finish();
      await expect.poll(() => scene.app.queue.pending().length, SOON).toBe(0);
      await expect.poll(() => scene.logged.join(''), SOON).toContain('the message is gone; the result is kept');
      await actor.type(group, 'show');
      await expect.poll(() => newest(actor, group).pictures.length, SOON).toBe(1);
      const late = scene.discord.requests.filter(({ path, status }) => path.startsWith('/webhooks/') && status === 401);
      expect(late.length).toBeLessThanOrEqual(1);
    });
  });

  it('/channel is shown only to those who may manage messages', async () => {
    const { ada, moderator, channel } = scene;
    expect(() => ada.begin(channel, 'channel')).toThrow('is not shown to Ada');
    await moderator.type(channel, 'channel', { 'max-steps': 10 });
    expect(newest(moderator, channel).isPrivate).toBe(true);
    await ada.type(channel, 'imagine', { prompt: 'a fox', steps: 20 });
    expect(newest(ada, channel)).toMatchObject({ isPrivate: true, text: expect.stringContaining('10') });
  });
});
