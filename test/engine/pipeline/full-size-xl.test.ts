import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { openNetworks } from '../../../engine/networks/networks.ts';
import { chunksOf } from '../../../engine/prompt/conditioning.ts';
import { emphasisOf } from '../../../engine/prompt/read-prompts.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { readSafetensors } from '../../../engine/weights/safetensors.ts';
import { relativeError } from '../goldens.ts';

/** What `tools/golden/full_size_xl.py` wrote; without it there is nothing to test. */
const FOLDER = process.env.EASEL_FULL_SIZE_XL ?? '';
const TOLERANCE = 1e-3;
const MINUTES = 60_000;

interface Case {
  readonly prompt: string;
  readonly steps: number;
  readonly guidance: number;
  readonly seed: number;
  readonly size: number;
  readonly timestep: number;
}

describe.skipIf(!existsSync(join(FOLDER, 'golden.safetensors')))('an XL of real size agrees with diffusers', () => {
  const model = join(FOLDER, 'xl');
  let tensor: (key: string) => Uint8Array;
  let facts: Case;
  beforeAll(async () => {
    const path = join(FOLDER, 'golden.safetensors');
    const index = await readSafetensors(path);
    const file = readFileSync(path);
    tensor = (key) => {
      const ref = index.get(key);
      return new Uint8Array(file.subarray(ref?.offset, (ref?.offset ?? 0) + (ref?.length ?? 0)));
    };
    facts = JSON.parse(readFileSync(join(FOLDER, 'golden.json'), 'utf8')) as Case;
  });
  const floats = (key: string) => new Float32Array(tensor(key).buffer);

  test(
    'in the text embeddings and in a UNet call at half the size',
    async () => {
      const began = performance.now();
      const networks = await openNetworks(await readModelFolder(model), { provider: 'cpu', threads: 0 });
      report('load, seconds', (performance.now() - began) / 1000);
      const [chunk] = chunksOf(emphasisOf(facts.prompt, 'plain'), 'plain', networks.tokens);
      if (chunk === undefined) throw new Error('a prompt has a chunk');
      const { states, pooled } = await networks.encodeChunk(chunk, 1);
      expectClose('text', states, floats('text'));
      expectClose('pooled', pooled ?? new Float32Array(), floats('pooled'));
      const side = facts.size / 16;
      const pixels = facts.size / 2;
      const prediction = await networks.predict({
        batch: 1,
        sample: floats('sample'),
        shape: [4, side, side],
        timesteps: Float32Array.of(facts.timestep),
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
      const { prompt, steps, guidance, seed, size } = facts;
      const { pictures, timings, peakBytes } = await engine.run({
        kind: 'generate',
        spec: {
          ...{ prompt, negative: '', width: size, height: size, steps, guidance, seed },
          ...{ sampler: 'euler', model: 'xl', count: 1, variations: [], syntax: 'plain' },
        },
      });
      await engine.close();
      const expected = tensor('picture');
      const actual = pictures[0]?.rgb ?? new Uint8Array();
      expect(actual).toHaveLength(expected.length);
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[i] ?? 999))), 0);
      report('picture, worst of 255', worst);
      report('a step, seconds', Math.min(...timings.stepMs) / 1000);
      report('decode, seconds', timings.decodeMs / 1000);
      report('peak memory, GB', (peakBytes ?? 0) / 1e9);
      expect(worst).toBeLessThanOrEqual(2);
    },
    60 * MINUTES,
  );
});

function expectClose(what: string, actual: Float32Array, expected: Float32Array): void {
  const error = relativeError(actual, expected);
  report(`${what}, relative error`, error);
  expect(error).toBeLessThan(TOLERANCE);
}

/** Whoever runs this wants the figures. */
function report(what: string, value: number): void {
  process.stdout.write(`${what}: ${value.toPrecision(3)}\n`);
}
