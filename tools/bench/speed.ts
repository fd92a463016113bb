import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { GenerationSpec } from '../../engine/generation-spec.ts';
import { readModelFolder } from '../../engine/model/folder.ts';
import { describeModel } from '../../engine/model/model.ts';
import { decodeLatents } from '../../engine/networks/autoencoder.ts';
import { openNetworks } from '../../engine/networks/networks.ts';
import { Batcher } from '../../engine/pipeline/batcher.ts';
import { toRgb } from '../../engine/pipeline/preview.ts';
import { startPicture } from '../../engine/pipeline/start-denoising.ts';
import { encodePrompts } from '../../engine/pipeline/text.ts';
import { EXACT, SPEED_PLANS, type SpeedPlan } from '../../engine/spec/speed-plan.ts';
import { benchPrompts } from './prompts.ts';
import { ssim } from './ssim.ts';

/*
 * What each part of `--speed` costs in likeness and gains in time, on the CPU:
 * `npx tsx tools/bench/speed.ts --model models/sketch --prompts 50`. Each prompt is drawn from one seed under every plan.
 * `--plan '{"wholeEvery":2}'` adds a plan of one's own; `--precision int8` draws all of them in int8; `--time-only` decodes
 * no picture.
 */

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/sketch' },
    prompts: { type: 'string', default: '50' },
    steps: { type: 'string' },
    sampler: { type: 'string' },
    precision: { type: 'string', default: 'float32' },
    plan: { type: 'string', multiple: true, default: [] },
    'time-only': { type: 'boolean', default: false },
  },
});

/** Exact for the first fifth of the steps. */
const LATER: SpeedPlan = { ...EXACT, exactShare: 0.2 };

const plans: Record<string, SpeedPlan> = {
  exact: EXACT,
  'a whole call in 3': { ...LATER, wholeEvery: 3 },
  'a whole call in 5': { ...LATER, wholeEvery: 5 },
  'guidance for 85 %': { ...LATER, guidedShare: 0.85 },
  'guidance for 70 %': { ...LATER, guidedShare: 0.7 },
  'a key in 2×2': { ...LATER, keyStride: 2 },
  balanced: SPEED_PLANS.balanced,
  fast: SPEED_PLANS.fast,
  ...Object.fromEntries(flags.plan.map((text) => [text, { ...EXACT, ...JSON.parse(text) }])),
};

const model = await readModelFolder(resolve(flags.model));
const precision = flags.precision === 'int8' ? 'int8' : 'float32';
const networks = await openNetworks(model, { provider: 'cpu', threads: 0, precision });
const { width, height, steps, guidance, sampler, id } = describeModel(model);
const shape = [model.vae.latent_channels, height / model.vaeFactor, width / model.vaeFactor] as const;

async function draw(prompt: string, seed: number, plan: SpeedPlan) {
  const spec: GenerationSpec = {
    ...{ prompt, negative: '', width, height, guidance, model: id, seed, count: 1, variations: [] },
    steps: flags.steps === undefined ? steps : Number(flags.steps),
    sampler: (flags.sampler ?? sampler) as GenerationSpec['sampler'],
  };
  const text = await encodePrompts(networks, spec, async () => {});
  const denoiser = startPicture(model, spec, shape, text, { init: undefined, surroundings: undefined }, plan);
  const began = performance.now();
  await new Batcher().denoise({
    ...{ networks, denoisers: [denoiser], shape, maxRows: 2 },
    beforeStep: async () => {},
    refuseCancelled: () => {},
    afterStep: () => {},
  });
  const ms = performance.now() - began;
  if (flags['time-only']) return { ms, rgb: new Uint8Array(3 * width * height) };
  const { data } = await decodeLatents(
    networks,
    { shape, data: denoiser.sample },
    { wholePixels: width * height, beforeTile: async () => {} },
  );
  return { ms, rgb: toRgb(data, width, height).rgb };
}

const prompts = benchPrompts(Number(flags.prompts));
const results = Object.fromEntries(Object.keys(plans).map((name) => [name, { ms: 0, scores: [] as number[] }]));
for (const [seed, prompt] of prompts.entries()) {
  const exact = await draw(prompt, seed, EXACT);
  for (const [name, plan] of Object.entries(plans)) {
    const drawn = await draw(prompt, seed, plan);
    const result = results[name];
    if (result === undefined) continue;
    result.ms += drawn.ms;
    result.scores.push(ssim(exact.rgb, drawn.rgb, width, height));
  }
}
await networks.close();

const exactMs = results.exact?.ms ?? 0;
process.stdout.write(
  `${prompts.length} prompts, ${flags.steps ?? steps} steps of ${flags.sampler ?? sampler}, ${precision}\n`,
);
for (const [name, { ms, scores }] of Object.entries(results)) {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  process.stdout.write(
    `${name.padEnd(24)} SSIM ${mean.toFixed(4)}, least ${Math.min(...scores).toFixed(4)}; ` +
      `denoising ${(ms / prompts.length / 1000).toFixed(2)} s, ${(exactMs / ms).toFixed(2)} times as fast\n`,
  );
}
