import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCheckpoint } from '../../../engine/model/checkpoint.ts';
import { distillationOf } from '../../../engine/model/distilled.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { describeModel } from '../../../engine/model/model.ts';
import { encodeSafetensors, writeCheckpoint } from './checkpoint-file.ts';
import { familyCheckpoint, familyModel } from './family-checkpoint.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-distilled-'));
});
afterAll(() => rm(root, { recursive: true }));

describe('a model that draws in few steps', () => {
  // Names as they are published.
  test.each([
    ['sd_xl_turbo_1.0_fp16', 4, 'EulerAncestralDiscreteScheduler', 'epsilon', 64],
    ['sd_turbo', 4, 'EulerAncestralDiscreteScheduler', 'epsilon', 64],
    ['DreamShaperXL_Turbo_v2_1', 6, 'EulerAncestralDiscreteScheduler', 'epsilon', undefined],
    ['sdxl_lightning_4step', 4, 'EulerDiscreteScheduler', 'epsilon', undefined],
    ['sdxl_lightning_8step', 8, 'EulerDiscreteScheduler', 'epsilon', undefined],
    ['sdxl_lightning_1step_x0', 1, 'EulerDiscreteScheduler', 'sample', undefined],
    ['Hyper-SDXL-1step-Unet', 1, 'LCMScheduler', 'epsilon', undefined],
    ['dmd2_sdxl_4step_unet_fp16', 4, 'LCMScheduler', 'epsilon', undefined],
    ['LCM_Dreamshaper_v7', 4, 'LCMScheduler', 'epsilon', undefined],
  ])('is told by its name: %s in %d steps', (name, steps, scheduler, prediction, sampleSize) => {
    const found = distillationOf([name]);
    expect(found).toMatchObject({ steps, guidance: 1, scheduler: { _class_name: scheduler } });
    expect(found?.scheduler).toMatchObject({ timestep_spacing: 'trailing' });
    expect(found?.scheduler.prediction_type ?? 'epsilon').toBe(prediction);
    expect(found?.sampleSize).toBe(sampleSize);
  });

  test.each([
    'juggernautXL_v9',
    'realisticVision',
    'dmdesign',
    'hyperrealism',
    'thunder-lighting',
    'sdxl',
    'lightningStrike_v1',
    'turbocharged',
  ])('is not %s', (name) => {
    expect(distillationOf([name])).toBeUndefined();
  });

  test('has its own steps, guidance, sampler and size by default', async () => {
    const file = join(root, 'sd_xl_turbo_1.0.safetensors');
    await writeCheckpoint(file, await familyCheckpoint('tiny-xl'));
    const model = await readCheckpoint(file);
    expect(model.scheduler.timestep_spacing).toBe('trailing');
    expect(describeModel(model)).toMatchObject({
      ...{ steps: 4, guidance: 1, sampler: 'euler_a', width: 512, height: 512 },
    });
  });

  test('is told by the metadata of its file, too', async () => {
    const file = join(root, 'renamed.safetensors');
    const tensors = await familyCheckpoint('tiny-xl');
    await writeFile(file, encodeSafetensors(tensors, { 'modelspec.title': 'SDXL Lightning 2-step' }));
    expect(describeModel(await readCheckpoint(file))).toMatchObject({ steps: 2, guidance: 1, sampler: 'euler' });
  });

  test('in diffusers layout keeps its own sampler, and counts timesteps from the noisiest on', async () => {
    const folder = join(root, 'my-lightning-4step');
    await cp(familyModel('tiny-xl'), folder, { recursive: true });
    const model = await readModelFolder(folder);
    expect(model.scheduler.timestep_spacing).toBe('trailing');
    expect(describeModel(model)).toMatchObject({ steps: 4, guidance: 1, sampler: 'euler' });
  });
});
