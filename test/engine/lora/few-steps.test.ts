import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fewStepSettings, findFewStepLoras } from '../../../engine/lora/few-steps.ts';

const INK = fileURLToPath(new URL('../../fixtures/loras/ink.safetensors', import.meta.url));

test.each([
  ['lcm-lora-sdv1-5', 4, 1],
  ['LCM_LoRA_Weights_SD15', 4, 1],
  ['Hyper-SD15-1step-lora', 1, 1],
  ['Hyper-SD15-8steps-lora', 8, 1],
  ['Hyper-SD15-12steps-CFG-lora', 12, undefined],
  ['hyper_sd_v15', 8, 1],
  ['TCD-SD15-LoRA', 4, 1],
])('%s is for %i steps', (name, steps, guidance) => {
  expect(fewStepSettings(name)).toEqual({ sampler: 'lcm', steps, ...(guidance !== undefined && { guidance }) });
});

test.each([
  ['Hyper-SDXL-8steps-lora', { sampler: 'lcm', steps: 8, guidance: 1 }],
  ['dmd2_sdxl_4step_lora', { sampler: 'lcm', steps: 4, guidance: 1 }],
  ['sdxl_lightning_8step_lora', { sampler: 'euler', steps: 8, guidance: 1, spacing: 'trailing' }],
])('%s is for Stable Diffusion XL', (name, settings) => {
  expect(fewStepSettings(name)).toEqual(settings);
});

test.each(['lightning_effect', 'Lightning', 'ink', 'hyperrealism', 'balcmony', '4steps-of-dance', 'hypersdr', 'tcdk'])(
  '%s is not',
  (name) => {
    expect(fewStepSettings(name)).toBeUndefined();
  },
);

test('a file is told by its name, else by the name in its metadata', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'easel-few-'));
  const loras = new Map<string, string>();
  const add = async (name: string, metadata: Record<string, string>) => {
    const header = Buffer.from(JSON.stringify({ __metadata__: metadata }));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.length));
    const file = join(folder, `${name}.safetensors`);
    await writeFile(file, Buffer.concat([size, header]));
    loras.set(name, file);
  };
  await add('quick', { ss_output_name: 'lcm_sd15' });
  await add('quicker', { 'modelspec.title': 'Hyper-SD15-2steps-lora' });
  await add('slow', { ss_output_name: 'watercolour' });
  await copyFile(INK, join(folder, 'lcm.safetensors'));
  loras.set('lcm', join(folder, 'lcm.safetensors'));
  loras.set('gone', join(folder, 'gone.safetensors'));
  expect(await findFewStepLoras(loras)).toEqual({
    quick: { sampler: 'lcm', steps: 4, guidance: 1 },
    quicker: { sampler: 'lcm', steps: 2, guidance: 1 },
    lcm: { sampler: 'lcm', steps: 4, guidance: 1 },
  });
  await rm(folder, { recursive: true });
});
