import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import { createClock, createProcessorTime } from '../../emulators/discord/clock.ts';
import { type DiscordFixture, finished, openDiscordFixture, PICTURE } from './discord-fixture.ts';

const PEOPLE = 200;

describe('when much happens in one channel', () => {
  it('posts and edits keep within the limits that Discord tells, and everything arrives', async () => {
    const fixture = await openDiscordFixture({ engine: createControlledEngine({ atOnce: true }) });
    const { ada, ben, channel, discord } = fixture;
    for (let index = 0; index < 3; index += 1) {
      await ada.type(channel, 'imagine', { prompt: `fox ${index}`, count: 1 });
      await ben.type(channel, 'imagine', { prompt: `crow ${index}`, count: 1 });
    }
    for (let index = 0; index < 6; index += 1) await finished(ada, channel, index);
    expect(discord.limits.refused).toBe(0);
    await fixture.close();
  });
});

/**
 * Discord's three seconds are counted in the time that this process has a processor, in which two hundred people and
 * Discord itself live, too: on a busy machine everything takes longer, and nothing comes later.
 */
describe('while the engine is saturated', () => {
  let fixture: DiscordFixture;
  let engine: ControlledEngine;
  beforeEach(async () => {
    engine = createControlledEngine();
    fixture = await openDiscordFixture({
      engine,
      env: { EASEL_MAX_WAITING: '1000' },
      // discord.js waits for rate limits by the wall's clock; they are tried above.
      emulator: { clock: createClock(createProcessorTime()), hasLimits: false },
      port: { minEditIntervalMs: 2000 },
    });
  });
  afterEach(() => fixture.close());

  it(`${PEOPLE} people press buttons and each is acknowledged within a second`, async () => {
    const { ada, channel, discord } = fixture;
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    (await engine.begun(0)).finish();
    const grid = await finished(ada, channel, 0);
    await ada.type(channel, 'imagine', { prompt: 'never done' });
    const people = Array.from({ length: PEOPLE }, (_, index) => discord.as(discord.world.person(`Person ${index}`)));
    for (const { person } of people) discord.world.join(channel.server, person);
    const asked = await Promise.all(people.map((actor, index) => actor.press(grid.id, `V${(index % 4) + 1}`)));
    expect(asked.filter(({ hasFailed }) => hasFailed)).toEqual([]);
    const waits = asked.map(({ at, acknowledgedAt }) => (acknowledgedAt ?? Number.POSITIVE_INFINITY) - at);
    expect(Math.max(...waits)).toBeLessThan(1000);
    await expect.poll(async () => (await pendingOf(fixture.app.queue)).length, PICTURE).toBe(PEOPLE + 1);
  });
});
