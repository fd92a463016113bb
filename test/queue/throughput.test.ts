import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineTask } from '../../engine/index.ts';
import { createThroughput, type Measurements, type Throughput } from '../../src/queue/throughput.ts';
import { createMemoryValueStore } from '../doubles/memory-value-store.ts';
import { taskWith } from '../doubles/samples.ts';

describe('the measured pace', () => {
  const values = createMemoryValueStore<Measurements>();
  let now = 0;
  let throughput: Throughput;
  const estimate = (task: EngineTask) => throughput.estimator(task)();
  const small = taskWith({ steps: 10 });
  const large = taskWith({ steps: 10, width: 256, height: 256 });

  async function draw(task: typeof small, ms: number, loadMs = 0): Promise<void> {
    throughput.begin('job', task);
    now += ms;
    await throughput.finish('job', loadMs);
  }

  beforeEach(() => {
    values.clear();
    now = 0;
    throughput = createThroughput(values, () => now);
  });

  it('is unknown before the first picture, and of a model that has drawn none', async () => {
    expect(estimate(small)).toBeUndefined();
    await draw(small, 100);
    expect(estimate(small)).toBeCloseTo(100);
    expect(estimate(taskWith({ model: 'painter' }))).toBeUndefined();
  });

  it('grows with the work', async () => {
    await draw(small, 100);
    expect(estimate(taskWith({ steps: 30, count: 2 }))).toBeCloseTo(600);
  });

  it('is measured apart for each size, and taken from the nearest where there is none', async () => {
    await draw(small, 100);
    await draw(large, 16 * 300);
    expect(estimate(small)).toBeCloseTo(100);
    expect(estimate(large)).toBeCloseTo(4800);
    expect(estimate(taskWith({ steps: 10, width: 320, height: 320 }))).toBeCloseTo(4800 * 1.5625);
  });

  it('follows the last dozen pictures', async () => {
    await draw(small, 1000);
    for (let i = 0; i < 30; i += 1) await draw(small, 100);
    expect(estimate(small)).toBeLessThan(110);
  });

  it('leaves out the time in which the model was read', async () => {
    await draw(small, 5100, 5000);
    expect(estimate(small)).toBeCloseTo(100);
  });

  it('is that of the whole engine: two that are drawn side by side took half of it each', async () => {
    throughput.begin('a', small);
    throughput.begin('b', small);
    now += 200;
    await throughput.finish('a', 0);
    await throughput.finish('b', 0);
    expect(estimate(small)).toBeCloseTo(100);
  });

  it('is remembered by the next process', async () => {
    await draw(small, 100);
    throughput = createThroughput(values, () => now);
    await throughput.load();
    expect(estimate(small)).toBeCloseTo(100);
  });

  it('learns nothing from what ended early', () => {
    throughput.begin('job', small);
    now += 7;
    throughput.drop('job');
    expect(estimate(small)).toBeUndefined();
  });
});
