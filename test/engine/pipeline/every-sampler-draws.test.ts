import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineHost, SAMPLER_NAMES } from '../../../engine/index.ts';
import { FULL } from '../../full-run.ts';

/** Of 255. */
const CLEARLY = 60;

/** With the embedded model, which draws what it is asked for: some seconds a sampler. */
describe.skipIf(!FULL)('a red circle on a blue background', () => {
  let engine: EngineHost;
  beforeAll(() => {
    engine = createEngine({ modelSources: ['models/sketch'], previewEvery: 0 });
  });
  afterAll(() => engine.close());

  test.each(SAMPLER_NAMES)('is one by %s', async (sampler) => {
    const { pictures } = await engine.run({
      kind: 'generate',
      spec: {
        prompt: 'a red circle on a blue background',
        negative: '',
        ...{ width: 128, height: 128, steps: sampler === 'lcm' ? 8 : 20, guidance: 4 },
        ...{ sampler, model: 'sketch', seed: 7, count: 1, variations: [] },
      },
    });
    const rgb = pictures[0]?.rgb ?? new Uint8Array();
    const [red, , blue] = averageOf(rgb, 56, 72);
    expect(red - blue, 'the middle').toBeGreaterThan(CLEARLY);
    const [cornerRed, , cornerBlue] = averageOf(rgb, 0, 16);
    expect(cornerBlue - cornerRed, 'the corner').toBeGreaterThan(CLEARLY);
  });
});

/** Of the pixels whose row and column are from `from` up to `to`. */
function averageOf(rgb: Uint8Array, from: number, to: number): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let y = from; y < to; y += 1) {
    for (let x = from; x < to; x += 1) {
      for (const channel of [0, 1, 2] as const) sums[channel] += rgb[(y * 128 + x) * 3 + channel] ?? 0;
    }
  }
  const pixels = (to - from) ** 2;
  return [sums[0] / pixels, sums[1] / pixels, sums[2] / pixels];
}
