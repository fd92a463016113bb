import { cpus, loadavg } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSlowEngine, type SlowEngine } from '../../doubles/slow-engine.ts';
import { finished, openScene, type Scene, SOON } from './scene.ts';

/**
 * Two hundred; fewer where the machine is busy with many other things, since people, Discord and Easel share a process
 * here, and Discord's three seconds do not wait for it.
 */
const PEOPLE = Math.round(200 * Math.min(1, (2 * cpus().length) / (loadavg()[0] ?? 0)));

describe('when much happens in one channel', () => {
  it('posts and edits keep within the limits that Discord tells, and everything arrives', async () => {
    const scene = await openScene({ engine: createSlowEngine({ atOnce: true }) });
    const { ada, ben, channel, discord } = scene;
    for (let index = 0; index < 3; index += 1) {
      await ada.type(channel, 'imagine', { prompt: `fox ${index}`, count: 1 });
      await ben.type(channel, 'imagine', { prompt: `crow ${index}`, count: 1 });
    }
    for (let index = 0; index < 6; index += 1) await finished(ada, channel, index);
    expect(discord.limits.refused).toBe(0);
    await scene.close();
  });
});

describe('while the engine is saturated', () => {
  let scene: Scene;
  let engine: SlowEngine;
  beforeEach(async () => {
    engine = createSlowEngine();
    const env = { EASEL_MAX_WAITING: '1000' };
    scene = await openScene({ engine, env, port: { minEditIntervalMs: 2000 } });
  });
  afterEach(() => scene.close());

  it(`${PEOPLE} people press buttons and each is acknowledged within a second`, async () => {
    const { ada, channel, discord } = scene;
    await ada.type(channel, 'imagine', { prompt: 'a fox' });
    (await engine.begun(0)).finish();
    const grid = await finished(ada, channel, 0);
    await ada.type(channel, 'imagine', { prompt: 'never done' });
    const people = Array.from({ length: PEOPLE }, (_, index) => discord.as(discord.town.person(`Person ${index}`)));
    for (const { person } of people) discord.town.join(channel.server, person);
    const began = { at: performance.now(), cpu: process.cpuUsage() };
    const asked = await Promise.all(people.map((actor, index) => actor.press(grid.id, `V${(index % 4) + 1}`)));
    const waits = asked.map(({ at, acknowledgedAt }) => (acknowledgedAt ?? Number.POSITIVE_INFINITY) - at);
    // What counts is the time that this process had a processor.
    const { user, system } = process.cpuUsage(began.cpu);
    const share = Math.min(1, (user + system) / 1000 / (performance.now() - began.at));
    expect(Math.max(...waits)).toBeLessThan(3000);
    expect(Math.max(...waits) * share).toBeLessThan(1000);
    await expect.poll(() => scene.app.queue.pending().length, SOON).toBe(PEOPLE + 1);
    expect(discord.limits.refused).toBe(0);
  });
});
