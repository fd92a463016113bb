import { describe, expect, test } from 'vitest';
import { SAMPLER_NAMES } from '../../engine/index.ts';
import { samplerLabel, samplerOfAlias, samplerOfRecipe } from '../../src/core/samplers.ts';

/** AUTOMATIC1111's list of samplers, labels and aliases: 1.10, and the labels with a spacing that came before. */
const A1111 = {
  'Euler a': 'euler_a',
  k_euler_a: 'euler_a',
  k_euler_ancestral: 'euler_a',
  Euler: 'euler',
  k_euler: 'euler',
  LMS: 'lms',
  k_lms: 'lms',
  Heun: 'heun',
  k_heun: 'heun',
  DPM2: 'dpm2',
  k_dpm_2: 'dpm2',
  'DPM2 a': 'dpm2_a',
  k_dpm_2_a: 'dpm2_a',
  'DPM++ 2S a': 'dpmpp_2s_a',
  k_dpmpp_2s_a: 'dpmpp_2s_a',
  'DPM++ 2M': 'dpmpp_2m',
  k_dpmpp_2m: 'dpmpp_2m',
  'DPM++ SDE': 'dpmpp_sde',
  k_dpmpp_sde: 'dpmpp_sde',
  'DPM++ 2M SDE': 'dpmpp_2m_sde',
  k_dpmpp_2m_sde: 'dpmpp_2m_sde',
  'LMS Karras': 'lms_karras',
  k_lms_ka: 'lms_karras',
  'DPM2 Karras': 'dpm2_karras',
  k_dpm_2_ka: 'dpm2_karras',
  'DPM2 a Karras': 'dpm2_a_karras',
  k_dpm_2_a_ka: 'dpm2_a_karras',
  'DPM++ 2S a Karras': 'dpmpp_2s_a_karras',
  k_dpmpp_2s_a_ka: 'dpmpp_2s_a_karras',
  'DPM++ 2M Karras': 'dpmpp_2m_karras',
  k_dpmpp_2m_ka: 'dpmpp_2m_karras',
  'DPM++ SDE Karras': 'dpmpp_sde_karras',
  k_dpmpp_sde_ka: 'dpmpp_sde_karras',
  'DPM++ 2M SDE Karras': 'dpmpp_2m_sde_karras',
  k_dpmpp_2m_sde_ka: 'dpmpp_2m_sde_karras',
  'DPM++ 2M SDE Exponential': 'dpmpp_2m_sde_exponential',
  k_dpmpp_2m_sde_exp: 'dpmpp_2m_sde_exponential',
  DDIM: 'ddim',
  PLMS: 'pndm',
  UniPC: 'unipc',
  LCM: 'lcm',
} as const;

describe('a sampler', () => {
  test.each(Object.entries(A1111))("that AUTOMATIC1111 calls %s is Easel's %s", (alias, name) => {
    expect(samplerOfAlias(alias)).toBe(name);
  });

  test.each(SAMPLER_NAMES)('%s goes by its name and by its label, however they are written', (name) => {
    for (const spelling of [name, name.toUpperCase(), name.replaceAll('_', ' '), name.replaceAll('_', '-')]) {
      expect(samplerOfAlias(spelling)).toBe(name);
    }
    expect(samplerOfAlias(samplerLabel(name))).toBe(name);
    expect(samplerOfAlias(samplerLabel(name).toLowerCase().replaceAll(' ', ''))).toBe(name);
  });

  test('no two share a label', () => {
    expect(new Set(SAMPLER_NAMES.map(samplerLabel)).size).toBe(SAMPLER_NAMES.length);
  });

  test.each([
    ['DPM++ 2M', 'Karras', 'dpmpp_2m_karras'],
    ['DPM++ 2M', 'Exponential', 'dpmpp_2m_exponential'],
    ['DPM++ 2M', 'Polyexponential', 'dpmpp_2m_exponential'],
    ['Heun', 'Beta', 'heun_beta'],
    ['DPM++ 2M', 'Uniform', 'dpmpp_2m'],
    ['Euler', 'Normal', 'euler'],
    ['DPM++ 2M', '', 'dpmpp_2m'],
    ['Euler a', 'Automatic', 'euler_a'],
    ['Euler', 'Automatic', 'euler'],
    ['DPM++ 2M', 'Automatic', 'dpmpp_2m_karras'],
    ['DPM++ SDE', 'Automatic', 'dpmpp_sde_karras'],
    ['DPM++ 2M SDE', 'Automatic', 'dpmpp_2m_sde_exponential'],
    ['DDIM', 'Karras', 'ddim'],
    ['UniPC', 'Karras', 'unipc'],
  ])('%s with the schedule type "%s" is %s', (label, schedule, name) => {
    expect(samplerOfAlias(label, schedule)).toBe(name);
  });

  test.each([
    ['DPM fast', ''],
    ['DPM++ 3M SDE', ''],
    ['Restart', ''],
    ['Euler', 'Align Your Steps'],
    ['Euler a', 'Karras'],
    ['', 'Karras'],
    ['', ''],
  ])('%s with the schedule type "%s" is none that Easel has', (label, schedule) => {
    expect(samplerOfAlias(label, schedule)).toBeUndefined();
  });

  test.each([
    ['euler_ancestral', 'euler_a'],
    ['dpmpp_2m_sde_gpu', 'dpmpp_2m_sde'],
    ['dpmpp_2m_sde_gpu_karras', 'dpmpp_2m_sde_karras'],
    ['dpm_2_ancestral', 'dpm2_a'],
    ['uni_pc', 'unipc'],
    ['uni_pc_bh2', 'unipc'],
    ['dpm++2s_a', 'dpmpp_2s_a'],
    ['dpm++2m karras', 'dpmpp_2m_karras'],
    ['euler_a discrete', 'euler_a'],
    ['kdpm_2_a_k', 'dpm2_a_karras'],
    ['dpmpp_2m_k', 'dpmpp_2m_karras'],
    ['lms_k', 'lms_karras'],
    ['EulerAncestralDiscreteScheduler', 'euler_a'],
    ['DPMSolverMultistepScheduler', 'dpmpp_2m'],
    ['KDPM2DiscreteScheduler', 'dpm2'],
    ['DPMSolverSDEScheduler', 'dpmpp_sde'],
    ['UniPCMultistepScheduler', 'unipc'],
    ['PNDMScheduler', 'pndm'],
    ['sample_dpmpp_2m', 'dpmpp_2m'],
  ])('that other programs call %s is the same as %s', (alias, name) => {
    expect(samplerOfAlias(alias)).toBe(name);
  });

  test.each([
    ['Restart', undefined, 'heun', 'sampler “Restart”'],
    ['Restart', 'Automatic', 'heun_karras', 'sampler “Restart”'],
    ['DPM++ 3M SDE Karras', undefined, 'dpmpp_2m_sde_karras', 'sampler “DPM++ 3M SDE Karras”'],
    ['dpmpp_3m_sde_gpu', 'exponential', 'dpmpp_2m_sde_exponential', 'sampler “dpmpp_3m_sde_gpu”'],
    ['heunpp2', 'normal', 'heun', 'sampler “heunpp2”'],
    ['euler_cfg_pp', 'karras', 'euler_karras', 'sampler “euler_cfg_pp”'],
    ['dpmpp_2s_ancestral_cfg_pp', '', 'dpmpp_2s_a', 'sampler “dpmpp_2s_ancestral_cfg_pp”'],
    ['dpm++2mv2', '', 'dpmpp_2m', 'sampler “dpm++2mv2”'],
    ['TCDScheduler', '', 'lcm', 'sampler “TCDScheduler”'],
    ['DPM++ 2M', 'SGM Uniform', 'dpmpp_2m', 'schedule “SGM Uniform”'],
    ['DPM++ 2M', 'KL Optimal', 'dpmpp_2m_karras', 'schedule “KL Optimal”'],
    ['DPM++ 2M Align Your Steps', undefined, 'dpmpp_2m_karras', 'schedule “DPM++ 2M Align Your Steps”'],
    ['Euler a', 'Karras', 'euler_a', 'schedule “Karras”'],
    ['euler', 'some_new_one', 'euler', 'schedule “some_new_one”'],
  ])('%s with the schedule “%s” is drawn as %s, and a note names it', (name, type, sampler, named) => {
    const found = samplerOfRecipe(name, type);
    expect(found.sampler).toBe(sampler);
    expect(found.notes).toHaveLength(1);
    expect(found.notes[0]).toContain(`The file names the ${named}, which Easel does not have;`);
  });

  test('nobody has heard of is none at all', () => {
    expect(samplerOfRecipe('Wobble 9000', 'Karras')).toEqual({ sampler: undefined, notes: [] });
  });
});
