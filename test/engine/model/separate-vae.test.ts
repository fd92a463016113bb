import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GenerationSpec } from '../../../engine/index.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { tinyModel } from '../goldens.ts';
import { checkpointTensors, type StoredTensor, storedTensors, writeCheckpoint } from './checkpoint-file.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-separate-vae-'));
});
afterEach(() => rm(root, { recursive: true }));

const spec: Omit<GenerationSpec, 'model'> = {
  ...{ prompt: 'a red fox', negative: '', width: 64, height: 64, steps: 2, guidance: 5 },
  ...{ sampler: 'ddim', seed: 3, count: 1, variations: [] },
};

async function draw(place: string) {
  const engine = createRuntime({ modelSources: [place], threads: 1, previewEvery: 0 });
  try {
    const { defaultModel, refused } = await engine.describe();
    const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, model: defaultModel } });
    return { rgb: Buffer.from(pictures[0]?.rgb ?? []), refused };
  } finally {
    await engine.close();
  }
}

const complaint = (place: string) => draw(place).then(() => 'none', String);
const whole = await checkpointTensors('tiny-conv');
const VAE = 'first_stage_model.';
const withoutVae = new Map([...whole].filter(([name]) => !name.startsWith(VAE)));
const vaeAlone = new Map(
  [...whole].flatMap(([name, tensor]): [string, StoredTensor][] =>
    name.startsWith(VAE) ? [[name.slice(VAE.length), tensor]] : [],
  ),
);

async function write(file: string, tensors: ReadonlyMap<string, StoredTensor>): Promise<string> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeCheckpoint(join(root, file), tensors);
  // The tiny models have a vocabulary of their own.
  const tokenizer = join(root, file.replace('.safetensors', ''), 'tokenizer');
  await cp(join(tinyModel('tiny-conv'), 'tokenizer'), tokenizer, { recursive: true });
  return join(root, file);
}

describe('a checkpoint without a VAE', () => {
  test.each([
    ['painter.safetensors', 'painter.vae.safetensors'],
    ['painter.safetensors', 'VAE/painter.vae.safetensors'],
    ['models/Stable-diffusion/painter.safetensors', 'models/VAE/painter.safetensors'],
    ['models/checkpoints/deep/painter.safetensors', 'models/vae/painter.vae.safetensors'],
  ])('at %s is drawn with %s, whose shape counts', async (checkpoint, vae) => {
    const expected = (await draw(await write('whole.safetensors', whole))).rgb;
    const file = await write(checkpoint, withoutVae);
    await write(vae, vaeAlone);
    expect((await draw(file)).rgb.equals(expected)).toBe(true);
  });

  test('is found with its VAE in a folder that holds both', async () => {
    await write('sd15/painter.safetensors', withoutVae);
    await write('vaes/painter.safetensors', vaeAlone);
    expect((await draw(root)).rgb.length).toBe(64 * 64 * 3);
  });

  test('is told what is missing and how it must be named', async () => {
    expect(await complaint(await write('painter.safetensors', withoutVae))).toContain(
      'painter.safetensors holds no VAE; put its VAE beside it, named painter.vae.safetensors.',
    );
  });

  test.each(['pt', 'ckpt', 'bin'])('beside painter.vae.%s is told why a pickle is refused', async (ending) => {
    await writeFile(join(root, `painter.vae.${ending}`), 'x');
    expect(await complaint(await write('painter.safetensors', withoutVae))).toContain(
      `painter.safetensors holds no VAE, and painter.vae.${ending} is a pickle file, which can run code when it is opened; use the same weights as .safetensors (painter.vae.safetensors).`,
    );
  });
});

describe('a model with a VAE of its own', () => {
  test('beside a pickled one is drawn with its own, and the log says why', async () => {
    const file = await write('painter.safetensors', whole);
    const own = (await draw(file)).rgb;
    await writeFile(join(root, 'painter.vae.pt'), 'x');
    const { rgb, refused } = await draw(file);
    expect(rgb.equals(own)).toBe(true);
    expect(refused).toEqual([
      expect.stringMatching(/^painter\.vae\.pt is a pickle file, .* painter\.safetensors uses its own VAE\.$/),
    ]);
  });

  test('in diffusers layout is drawn with the one beside it, of another shape than its own', async () => {
    await cp(tinyModel('tiny-conv'), join(root, 'tiny'), { recursive: true });
    const narrow = await storedTensors(join(tinyModel('tiny-linear'), 'vae/diffusion_pytorch_model.safetensors'));
    await write('tiny.vae.safetensors', narrow);
    expect((await draw(join(root, 'tiny'))).rgb.length).toBe(64 * 64 * 3);
  });

  test('whose VAE beside it is none is refused by that file', async () => {
    await write('painter.vae.safetensors', new Map([...vaeAlone].slice(0, 3)));
    expect(await complaint(await write('painter.safetensors', whole))).toMatch(
      /painter\.vae\.safetensors lacks the tensor/,
    );
  });
});

test('a UNet alone, as ComfyUI keeps them, is refused as what it is', async () => {
  const unet = [...whole].flatMap(([name, tensor]): [string, StoredTensor][] =>
    name.startsWith('model.diffusion_model.') ? [[name.slice('model.diffusion_model.'.length), tensor]] : [],
  );
  expect(await complaint(await write('unet-only.safetensors', new Map(unet)))).toContain(
    'unet-only.safetensors is a UNet alone, without text encoder and VAE',
  );
});
