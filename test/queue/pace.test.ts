import { beforeEach, describe, expect, it } from 'vitest';
import { createPace, type Measurements, type Pace } from '../../src/queue/pace.ts';
import { createMemoryValues } from '../doubles/memory-values.ts';
import { taskWith } from '../doubles/tasks.ts';

describe('the measured pace', () => {
  const values = createMemoryValues<Measurements>();
  let now = 0;
  let pace: Pace;
  const small = taskWith({ steps: 10 });
  const large = taskWith({ steps: 10, width: 256, height: 256 });

  async function draw(task: typeof small, ms: number, loadMs = 0): Promise<void> {
    pace.begin('job', task);
    now += ms;
    await pace.finish('job', loadMs);
  }

  beforeEach(() => {
    values.clear();
    now = 0;
    pace = createPace(values, () => now);
  });

  it('is unknown before the first picture, and of a model that has drawn none', async () => {
    expect(pace.estimate(small)).toBeUndefined();
    await draw(small, 100);
    expect(pace.estimate(small)).toBeCloseTo(100);
    expect(pace.estimate(taskWith({ model: 'painter' }))).toBeUndefined();
  });

  it('grows with the work', async () => {
    await draw(small, 100);
    expect(pace.estimate(taskWith({ steps: 30, count: 2 }))).toBeCloseTo(600);
  });

  it('is measured apart for each size, and taken from the nearest where there is none', async () => {
    await draw(small, 100);
    await draw(large, 16 * 300);
    expect(pace.estimate(small)).toBeCloseTo(100);
    expect(pace.estimate(large)).toBeCloseTo(4800);
    expect(pace.estimate(taskWith({ steps: 10, width: 320, height: 320 }))).toBeCloseTo(4800 * 1.5625);
  });

  it('follows the last dozen pictures', async () => {
    await draw(small, 1000);
    for (let i = 0; i < 30; i += 1) await draw(small, 100);
    expect(pace.estimate(small)).toBeLessThan(110);
  });

  it('leaves out the time in which the model was read', async () => {
    await draw(small, 5100, 5000);
    expect(pace.estimate(small)).toBeCloseTo(100);
  });

  it('is that of the whole engine: two that are drawn side by side took half of it each', async () => {
    pace.begin('a', small);
    pace.begin('b', small);
    now += 200;
    await pace.finish('a', 0);
    await pace.finish('b', 0);
    expect(pace.estimate(small)).toBeCloseTo(100);
  });

  it('is remembered by the next process', async () => {
    await draw(small, 100);
    pace = createPace(values, () => now);
    await pace.load();
    expect(pace.estimate(small)).toBeCloseTo(100);
  });

  it('learns nothing from what ended early', () => {
    pace.begin('job', small);
    now += 7;
    pace.drop('job');
    expect(pace.estimate(small)).toBeUndefined();
  });
});
