import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlowEngine, type SlowEngine } from '../../doubles/slow-engine.ts';
import type { Actor } from '../../emulators/discord/index.ts';
import type { Conversation, Person } from '../../emulators/discord/town.ts';
import { finished, newest, openScene, type Scene, SOON } from './scene.ts';

const MINUTE_MS = 60_000;

describe('a message that a guest has lent, after a restart', () => {
  let scene: Scene;
  let engine: SlowEngine;
  let carl: Person;
  let actor: Actor;
  let group: Conversation;
  beforeEach(async () => {
    engine = createSlowEngine();
    scene = await openScene({ engine });
    carl = scene.discord.town.person('Carl', { hasInstalled: true });
    actor = scene.discord.as(carl);
    group = scene.discord.town.group([carl, scene.ada.person]);
  });
  afterEach(() => scene.close());
  const direct = () => actor.sees(scene.discord.town.directMessages(carl));

  it('within 15 minutes is finished by the token of before', async () => {
    await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
    await engine.begun(0);
    await expect.poll(() => newest(actor, group).text, SOON).toContain('a fox – @Carl');
    await scene.restart();
    (await engine.begun(1)).finish();
    const single = await finished(actor, group, 0);
    expect(single.pictures).toHaveLength(1);
    expect(actor.sees(group)).toHaveLength(1);
    expect(direct()).toEqual([]);
    const [asked] = scene.discord.state.interactions.all();
    expect(scene.logged.join('')).not.toContain(asked?.token);
  });

  it('of a button, too; and a button pressed after the restart lends it anew', async () => {
    await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
    (await engine.begun(0)).finish();
    const { id } = await finished(actor, group, 0);
    await actor.press(id, '🔄');
    await engine.begun(1);
    await expect.poll(() => actor.sees(group).length, SOON).toBe(2);
    await scene.restart();
    (await engine.begun(2)).finish();
    await finished(actor, group, 1);
    scene.discord.clock.advance(16 * MINUTE_MS);
    await actor.press(id, '🗑');
    await expect.poll(() => actor.sees(group).length, SOON).toBe(1);
  });

  it('later than that, the result comes as a direct message, once, to the one who asked', async () => {
    await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
    await engine.begun(0);
    await expect.poll(() => newest(actor, group).text, SOON).toContain('a fox – @Carl');
    // Who presses a button of it lends the message anew, and does not become the one who asked.
    const dora = scene.discord.as(scene.discord.town.person('Dora', { hasInstalled: true }));
    await dora.press(newest(actor, group).id, '❌');
    await expect.poll(() => newest(dora, group).text, SOON).toContain('Only Carl');
    await scene.stop();
    scene.discord.clock.advance(16 * MINUTE_MS);
    await scene.restart();
    const run = await engine.begun(1);
    run.step(1, 2);
    run.finish();
    await expect.poll(() => direct().length, SOON).toBe(1);
    const [single] = direct();
    expect(single?.pictures).toHaveLength(1);
    await scene.restart();
    await actor.type(group, 'help');
    expect(direct()).toHaveLength(1);
    expect(dora.sees(scene.discord.town.directMessages(dora.person))).toEqual([]);
    await actor.press(single?.id ?? '', '🗑');
    await expect.poll(() => direct().length, SOON).toBe(0);
  });

  it('that was not acknowledged in time comes as a direct message as well', async () => {
    scene.discord.gateway.nextEvent({ delayMs: 3100 });
    const asked = await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
    expect(asked.hasFailed).toBe(true);
    (await engine.begun(0)).finish();
    await expect.poll(() => direct().at(-1)?.pictures.length, SOON).toBe(1);
    expect(direct()).toHaveLength(1);
  });
});
