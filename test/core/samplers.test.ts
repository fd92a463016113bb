import { describe, expect, test } from 'vitest';
import { SAMPLER_NAMES } from '../../engine/index.ts';
import { samplerLabel, samplerOfAlias } from '../../src/core/samplers.ts';

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
});
