import { expect, test } from 'vitest';
import { createEngine, type EngineDescription } from '../../engine/index.ts';
import { adviseInt8, mayGainByInt8 } from '../../src/app/speed-advice.ts';
import { tinyModel } from '../engine/goldens.ts';

const description = (changes: Partial<EngineDescription>, memoryBytes = 5e9): EngineDescription =>
  ({ provider: 'cpu', defaultModel: 'v1', models: [{ id: 'v1', memoryBytes }], ...changes }) as EngineDescription;

test('int8 is measured where a CPU draws a large model in float32', () => {
  expect(mayGainByInt8(description({}))).toBe(true);
  expect(mayGainByInt8(description({}, 5e8))).toBe(false);
  expect(mayGainByInt8(description({ provider: 'cuda' }))).toBe(false);
  const execution = { threads: 2, maxRows: 8, offload: false, passedOver: [], precision: 'int8' } as const;
  expect(mayGainByInt8(description({ execution }))).toBe(false);
});

test('the advice says what is left of the time, and nothing where that is most of it', () => {
  expect(adviseInt8(6.6)).toBe(
    'Pictures can be drawn sooner on this CPU: with EASEL_PRECISION=int8 steps take about 35 % of the time, and with EASEL_SPEED=balanced as well about 15 %; the pictures differ a little. See docs/benchmarks.md.',
  );
  expect(adviseInt8(1.2)).toBeUndefined();
});

test('the engine measures it', async () => {
  const engine = createEngine({ modelSources: [tinyModel('tiny-conv')], provider: 'cpu', threads: 1 });
  const gain = await engine.measureInt8Gain?.();
  await engine.close();
  expect(gain).toBeGreaterThan(0.1);
  expect(gain).toBeLessThan(100);
});
