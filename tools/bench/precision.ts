import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine, type PrecisionChoice } from '../../engine/index.ts';
import { benchPrompts } from './prompts.ts';
import { ssim } from './ssim.ts';

/*
 * How near int8 pictures are to float32 ones: `npx tsx tools/bench/precision.ts --model models/sketch --prompts 50`.
 * Each prompt is drawn from one seed in both precisions, on the CPU, at the model's own settings.
 */

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/sketch' },
    prompts: { type: 'string', default: '50' },
    steps: { type: 'string' },
  },
});

const prompts = benchPrompts(Number(flags.prompts));

interface Drawn {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

async function draw(precision: PrecisionChoice, int8Folder: string): Promise<readonly Drawn[]> {
  const engine = createEngine({
    modelSources: [resolve(flags.model)],
    provider: 'cpu',
    previewEvery: 0,
    precision,
    int8Folder,
  });
  try {
    const { models } = await engine.describe();
    const [model] = models;
    if (model === undefined) throw new Error(`There is no model in ${flags.model}.`);
    const { id, width, height, guidance, sampler } = model;
    const steps = flags.steps === undefined ? model.steps : Number(flags.steps);
    const drawn: Drawn[] = [];
    for (const [seed, prompt] of prompts.entries()) {
      const spec = { prompt, negative: '', width, height, steps, guidance, sampler, model: id, seed };
      const task = { kind: 'generate', spec: { ...spec, count: 1, variations: [] } } as const;
      const [picture] = (await engine.run(task)).pictures;
      if (picture === undefined) throw new Error(`No picture for "${prompt}".`);
      drawn.push(picture);
    }
    return drawn;
  } finally {
    await engine.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'easel-precision-'));
try {
  const began = performance.now();
  const exact = await draw('float32', folder);
  const between = performance.now();
  const int8 = await draw('int8', folder);
  const ended = performance.now();
  const scores = exact.map(({ rgb, width, height }, i) => ssim(rgb, int8[i]?.rgb ?? rgb, width, height));
  const worst = scores.indexOf(Math.min(...scores));
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  process.stdout.write(
    `${scores.length} prompts: mean SSIM ${mean.toFixed(4)}, least ${scores[worst]?.toFixed(4)} ("${prompts[worst]}")\n` +
      `float32 ${((between - began) / 1000).toFixed(1)} s, int8 ${((ended - between) / 1000).toFixed(1)} s, loading included\n`,
  );
} finally {
  await rm(folder, { recursive: true });
}
