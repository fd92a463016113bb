import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type EngineHost, type GenerationSpec } from '../../../engine/index.ts';
import { golden, goldenTensors, tinyModel } from '../goldens.ts';
import { encodeSafetensors, storedTensors } from '../model/checkpoint-file.ts';
import { familyModel } from '../model/family-checkpoint.ts';

interface AdditionGolden {
  readonly tolerance: number;
  readonly cases: readonly {
    readonly prompt: string;
    readonly loras: readonly (readonly [string, number])[];
    readonly rgb: string;
  }[];
}

const ADDITIONS = fileURLToPath(new URL('../../fixtures/family-additions', import.meta.url));
const spec: GenerationSpec = {
  ...{ prompt: '', negative: 'blurry', width: 64, height: 64, steps: 4, guidance: 5, sampler: 'euler' },
  ...{ model: 'tiny-xl', seed: 11, count: 1, variations: [] },
};
const { cases, tolerance } = golden<AdditionGolden>('family-additions');

let root: string;
let engine: EngineHost;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-additions-'));
  await cp(familyModel('tiny-xl'), join(root, 'tiny-xl'), { recursive: true });
  await cp(tinyModel('tiny-conv'), join(root, 'tiny-conv'), { recursive: true });
  await cp(ADDITIONS, root, { recursive: true });
  // Both spellings of every layer in one file, as some trainers save it.
  const [diffusers, compvis] = await Promise.all(
    ['chalk-xl', 'ink-xl'].map((name) => storedTensors(join(root, 'Lora', `${name}.safetensors`))),
  );
  const copies = [...(compvis ?? [])].filter(([name]) => /_(input|output|middle)_block/.test(name));
  const both = encodeSafetensors(new Map([...(diffusers ?? []), ...copies]));
  await writeFile(join(root, 'Lora', 'both-xl.safetensors'), both);
  await cp(join(ADDITIONS, '../loras/ink.safetensors'), join(root, 'Lora', 'ink.safetensors'));
  await cp(join(root, 'Lora/ink-xl.safetensors'), join(root, 'Lora/sdxl_lightning_4step_lora.safetensors'));
  await cp(familyModel('tiny-xl'), join(root, 'trailing'), { recursive: true });
  const scheduler = join(root, 'trailing/scheduler/scheduler_config.json');
  const written = JSON.parse(await readFile(scheduler, 'utf8')) as object;
  await writeFile(scheduler, JSON.stringify({ ...written, timestep_spacing: 'trailing' }));
  engine = createEngine({ modelSources: [root], threads: 1, previewEvery: 0 });
});
afterAll(async () => {
  await engine.close();
  await rm(root, { recursive: true });
});

async function draw(prompt: string, model = 'tiny-xl'): Promise<Buffer> {
  const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, prompt, model } });
  return Buffer.from(pictures[0]?.rgb ?? []);
}

const tagged = (prompt: string, loras: readonly (readonly [string, number])[]) =>
  `${prompt}${loras.map(([name, weight]) => `<lora:${name}:${weight}>`).join('')}`;

describe('what is added to Stable Diffusion XL', () => {
  test.each(cases.map((entry) => [tagged(entry.prompt, entry.loras), entry] as const))(
    "gives diffusers' picture: %s",
    async (prompt, { rgb }) => {
      const actual = await draw(prompt);
      const expected = (await goldenTensors('family-additions'))(rgb).bytes;
      const worst = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - (actual[i] ?? 999))), 0);
      expect(worst).toBeLessThanOrEqual(tolerance);
    },
  );

  test('a LoRA with both spellings of its layers counts once', async () => {
    expect((await draw('a fox <lora:both-xl:0.7>')).equals(await draw('a fox <lora:chalk-xl:0.7>'))).toBe(true);
  });

  test('a LoRA of the Lightning kind is drawn from the noisiest timestep on, whatever the scheduler says', async () => {
    const alike = await draw('a fox <lora:sdxl_lightning_4step_lora>');
    expect(alike.equals(await draw('a fox <lora:ink-xl>', 'trailing'))).toBe(true);
    expect(alike.equals(await draw('a fox <lora:ink-xl>'))).toBe(false);
  });

  test('does not fit a model of another family, which the sentence names', async () => {
    await expect(draw('a fox <lora:ink-xl>', 'tiny-conv')).rejects.toThrow(
      'The LoRA ink-xl.safetensors is made for Stable Diffusion XL models; use one for Stable Diffusion 1.',
    );
    await expect(draw('a fox, glow-xl', 'tiny-conv')).rejects.toThrow(
      'The textual inversion glow-xl.safetensors is made for Stable Diffusion XL models, which this is not; use another one.',
    );
    await expect(draw('a fox <lora:ink>')).rejects.toThrow(
      /The LoRA ink\.safetensors is made for another architecture/,
    );
  });
});
