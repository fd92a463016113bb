import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import type { Actor } from '../../emulators/discord/index.ts';
import type { Conversation, Person } from '../../emulators/discord/world.ts';
import { type DiscordFixture, finished, newest, openDiscordFixture, SOON } from './discord-fixture.ts';

const MINUTE_MS = 60_000;

describe('a message that a guest has lent, after a restart', () => {
  let fixture: DiscordFixture;
  let engine: ControlledEngine;
  let carl: Person;
  let actor: Actor;
  let group: Conversation;
  beforeEach(async () => {
    engine = createControlledEngine();
    fixture = await openDiscordFixture({ engine });
    carl = fixture.discord.world.person('Carl', { hasInstalled: true });
    actor = fixture.discord.as(carl);
    group = fixture.discord.world.group([carl, fixture.ada.person]);
  });
  afterEach(() => fixture.close());
  const direct = () => actor.sees(fixture.discord.world.directMessages(carl));

  it('within 15 minutes is finished by the token of before', async () => {
    await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
    await engine.begun(0);
    await expect.poll(() => newest(actor, group).text, SOON).toContain('a fox – @Carl');
    await fixture.restart();
    (await engine.begun(1)).finish();
    const single = await finished(actor, group, 0);
    expect(single.pictures).toHaveLength(1);
    expect(actor.sees(group)).toHaveLength(1);
    expect(direct()).toEqual([]);
    const [asked] = fixture.discord.state.interactions.all();
    expect(fixture.logged.join('')).not.toContain(asked?.token);
  });

  it('of a button, too; and a button pressed after the restart lends it anew', async () => {
    await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
    (await engine.begun(0)).finish();
    const { id } = await finished(actor, group, 0);
    await actor.press(id, '🔄');
    await engine.begun(1);
    await expect.poll(() => actor.sees(group).length, SOON).toBe(2);
    await fixture.restart();
    (await engine.begun(2)).finish();
    await finished(actor, group, 1);
    fixture.discord.clock.advance(16 * MINUTE_MS);
    await actor.press(id, '🗑');
    await expect.poll(() => actor.sees(group).length, SOON).toBe(1);
  });

  it('later than that, the result comes as a direct message, once, to the one who asked', async () => {
    await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
    await engine.begun(0);
    await expect.poll(() => newest(actor, group).text, SOON).toContain('a fox – @Carl');
    // Who presses a button of it lends the message anew, and does not become the one who asked.
    const dora = fixture.discord.as(fixture.discord.world.person('Dora', { hasInstalled: true }));
    await dora.press(newest(actor, group).id, '❌');
    await expect.poll(() => newest(dora, group).text, SOON).toContain('Only Carl');
    await fixture.stop();
    fixture.discord.clock.advance(16 * MINUTE_MS);
    await fixture.restart();
    const run = await engine.begun(1);
    run.step(1, 2);
    run.finish();
    await expect.poll(() => direct().length, SOON).toBe(1);
    const [single] = direct();
    expect(single?.pictures).toHaveLength(1);
    await fixture.restart();
    await actor.type(group, 'help');
    expect(direct()).toHaveLength(1);
    expect(dora.sees(fixture.discord.world.directMessages(dora.person))).toEqual([]);
    await actor.press(single?.id ?? '', '🗑');
    await expect.poll(() => direct().length, SOON).toBe(0);
  });

  it('that was not acknowledged in time comes as a direct message as well', async () => {
    fixture.discord.gateway.nextEvent({ delayMs: 3100 });
    const asked = await actor.type(group, 'imagine', { prompt: 'a fox', count: 1 });
    expect(asked.hasFailed).toBe(true);
    (await engine.begun(0)).finish();
    await expect.poll(() => direct().at(-1)?.pictures.length, SOON).toBe(1);
    expect(direct()).toHaveLength(1);
  });
});
