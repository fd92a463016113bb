import { join } from 'node:path';
import { beforeAll, describe, test } from 'vitest';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { openNetworks } from '../../../engine/networks/networks.ts';
import { chunksOf } from '../../../engine/prompt/conditioning.ts';
import { emphasisOf } from '../../../engine/prompt/read-prompts.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import {
  expectClose,
  expectSamePicture,
  type FullSizeGoldens,
  hasGoldens,
  MINUTES,
  readGoldens,
  report,
} from './full-size-goldens.ts';

/** What `tools/golden/full_size_xl.py` wrote; without it there is nothing to test. */
const FOLDER = process.env.EASEL_FULL_SIZE_XL ?? '';

describe.skipIf(!hasGoldens(FOLDER))('an XL of real size agrees with diffusers', () => {
  const model = join(FOLDER, 'xl');
  let golden: FullSizeGoldens;
  beforeAll(async () => {
    golden = await readGoldens(FOLDER);
  });
  const floats = (key: string) => golden.floats(key);

  test(
    'in the text embeddings and in a UNet call at half the size',
    async () => {
      const began = performance.now();
      const networks = await openNetworks(await readModelFolder(model), { provider: 'cpu', threads: 0 });
      report('load, seconds', (performance.now() - began) / 1000);
      const [chunk] = chunksOf(emphasisOf(golden.facts.prompt, 'plain'), 'plain', networks.tokens);
      if (chunk === undefined) throw new Error('a prompt has a chunk');
      const { states, pooled } = await networks.encodeChunk(chunk, 1);
      expectClose('text', states, floats('text'));
      expectClose('pooled', pooled ?? new Float32Array(), floats('pooled'));
      const side = golden.facts.size / 16;
      const pixels = golden.facts.size / 2;
      const prediction = await networks.predict({
        batch: 1,
        sample: floats('sample'),
        shape: [4, side, side],
        timesteps: Float32Array.of(golden.facts.timestep),
        context: floats('text'),
        addition: { pooled: floats('pooled'), sizeIds: Float32Array.of(pixels, pixels, 0, 0, pixels, pixels) },
      });
      expectClose('UNet', prediction, floats('prediction'));
      await networks.close();
    },
    20 * MINUTES,
  );

  test(
    'in a picture of two steps, within 2 of 255 in every pixel',
    async () => {
      const engine = createRuntime({ modelSources: [model], previewEvery: 0 });
      const { prompt, steps, guidance, seed, size } = golden.facts;
      const { pictures, timings, peakBytes } = await engine.run({
        kind: 'generate',
        spec: {
          ...{ prompt, negative: '', width: size, height: size, steps, guidance, seed },
          ...{ sampler: 'euler', model: 'xl', count: 1, variations: [], syntax: 'plain' },
        },
      });
      await engine.close();
      expectSamePicture(pictures[0]?.rgb ?? new Uint8Array(), golden.bytes('picture'));
      report('a step, seconds', Math.min(...timings.stepMs) / 1000);
      report('decode, seconds', timings.decodeMs / 1000);
      report('peak memory, GB', (peakBytes ?? 0) / 1e9);
    },
    60 * MINUTES,
  );
});
