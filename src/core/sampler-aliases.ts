import { SAMPLER_NAMES, type SamplerName, type SigmaSpacing } from '../../engine/index.ts';

/*
 * What other programs call samplers and schedules, in the writing of `samplerKey`. Names and meanings are those of
 * AUTOMATIC1111 and Forge (modules/sd_samplers_kdiffusion.py, sd_schedulers.py), ComfyUI, SwarmUI and Fooocus
 * (comfy/samplers.py, KSAMPLER_NAMES and SCHEDULER_HANDLERS), stable-diffusion.cpp (sample_method_to_str,
 * scheduler_to_str), InvokeAI (SCHEDULER_MAP), SD.Next (modules/sd_samplers_diffusers.py) and diffusers' classes.
 */

/** Letters and digits alone, so that `DPM++ 2M`, `dpmpp_2m` and `dpm++-2m` are one. */
export function samplerKey(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('+', 'p')
    .replaceAll('ancestral', 'a')
    .replaceAll(/[^a-z0-9]/g, '');
}

/** The same method by another name. */
export const SAME_SAMPLERS: Readonly<Record<string, SamplerName>> = {
  pndmscheduler: 'pndm',
  ddimscheduler: 'ddim',
  ddpmscheduler: 'ddpm',
  lcmscheduler: 'lcm',
  euleradiscretescheduler: 'euler_a',
  eulerdiscretescheduler: 'euler',
  heundiscretescheduler: 'heun',
  lmsd: 'lms',
  lmsdiscretescheduler: 'lms',
  kdpm2: 'dpm2',
  kdpm2discretescheduler: 'dpm2',
  kdpm2a: 'dpm2_a',
  kdpm2adiscretescheduler: 'dpm2_a',
  dpmsolvermultistepscheduler: 'dpmpp_2m',
  dpmpp2msdegpu: 'dpmpp_2m_sde',
  dpmppsdegpu: 'dpmpp_sde',
  dpmsde: 'dpmpp_sde',
  dpmsolversdescheduler: 'dpmpp_sde',
  unipcbh2: 'unipc',
  unipcmultistepscheduler: 'unipc',
};

/** Methods that Easel lacks: the first of these that it has draws the most alike. */
const NEAREST: Readonly<Record<string, readonly string[]>> = {
  deis: ['deis', 'dpmpp_2m'],
  deismultistepscheduler: ['deis', 'dpmpp_2m'],
  deis2m: ['deis', 'dpmpp_2m'],
  deis3m: ['deis', 'dpmpp_2m'],
  restart: ['heun'],
  heunpp2: ['heun'],
  heunpp: ['heun'],
  expheun2x0: ['heun'],
  expheun2x0sde: ['dpmpp_sde'],
  dpmfast: ['dpm2'],
  dpmadaptive: ['dpm2'],
  dpmpp: ['dpmpp_2m'],
  dpmpp1s: ['dpmpp_2m'],
  dpmpp2s: ['dpmpp_2m'],
  dpmpp3m: ['dpmpp_2m'],
  dpmpp2mv2: ['dpmpp_2m'],
  dpmpp2mcfgpp: ['dpmpp_2m'],
  dpmsolversinglestepscheduler: ['dpmpp_2m'],
  edmdpmsolvermultistepscheduler: ['dpmpp_2m'],
  resmultistep: ['dpmpp_2m'],
  resmultistepcfgpp: ['dpmpp_2m'],
  res2m: ['dpmpp_2m'],
  res3m: ['dpmpp_2m'],
  res2s: ['dpm2'],
  res3s: ['dpm2'],
  resmultistepa: ['dpmpp_2s_a'],
  resmultistepacfgpp: ['dpmpp_2s_a'],
  dpmpp2sacfgpp: ['dpmpp_2s_a'],
  dpmpp2msdeheun: ['dpmpp_2m_sde'],
  dpmpp2msdeheungpu: ['dpmpp_2m_sde'],
  dpmpp2msdebt: ['dpmpp_2m_sde'],
  dpmpp3msde: ['dpmpp_2m_sde'],
  dpmpp3msdegpu: ['dpmpp_2m_sde'],
  cosinedpmsolvermultistepscheduler: ['dpmpp_2m_sde'],
  ersde: ['dpmpp_2m_sde'],
  sasolver: ['dpmpp_2m_sde'],
  sasolverpece: ['dpmpp_2m_sde'],
  sasolverscheduler: ['dpmpp_2m_sde'],
  seeds2: ['dpmpp_sde'],
  seeds3: ['dpmpp_sde'],
  ipndm: ['lms'],
  ipndmv: ['lms'],
  ipndmscheduler: ['lms'],
  dcsolver: ['unipc'],
  tcd: ['lcm'],
  tcdscheduler: ['lcm'],
  cmsi: ['lcm'],
  ddimcfgpp: ['ddim'],
  ddimtrailing: ['ddim'],
  euleracfgpp: ['euler_a'],
  eulercfgpp: ['euler'],
  eulerge: ['euler'],
  gradientestimation: ['euler'],
  gradientestimationcfgpp: ['euler'],
  eulerdy: ['euler'],
  eulersmea: ['euler'],
  eulersmeady: ['euler'],
  eulernegative: ['euler'],
  eulerdynegative: ['euler'],
  edmeulerscheduler: ['euler'],
  kohakulonyuyog: ['euler'],
};

/** The sampler that draws most like one that Easel lacks. @param key of `samplerKey` */
export function nearestSampler(key: string): SamplerName | undefined {
  return NEAREST[key]?.flatMap((name) => SAMPLER_NAMES.find((known) => known === name) ?? [])[0];
}

/** How noise levels are spread; `plain` follows the timesteps. */
export interface Schedule {
  readonly spacing: SigmaSpacing | 'plain';
  /** False where it is only the nearest that Easel has. */
  readonly isExact: boolean;
}

const plain: Schedule = { spacing: 'plain', isExact: true };
const exactly = (spacing: SigmaSpacing): Schedule => ({ spacing, isExact: true });
const nearly = (spacing: Schedule['spacing']): Schedule => ({ spacing, isExact: false });

/** By `samplerKey`. Polyexponential with its ρ of 1 is exponential. */
export const SCHEDULES: Readonly<Record<string, Schedule>> = {
  uniform: plain,
  normal: plain,
  discrete: plain,
  default: plain,
  karras: exactly('karras'),
  ka: exactly('karras'),
  k: exactly('karras'),
  exponential: exactly('exponential'),
  exp: exactly('exponential'),
  polyexponential: exactly('exponential'),
  beta: exactly('beta'),
  beta57: nearly('beta'),
  sgmuniform: nearly('plain'),
  sgm: nearly('plain'),
  simple: nearly('plain'),
  ddim: nearly('plain'),
  ddimuniform: nearly('plain'),
  linearquadratic: nearly('plain'),
  smoothstep: nearly('plain'),
  turbo: nearly('plain'),
  lcm: nearly('plain'),
  tcd: nearly('plain'),
  bongtangent: nearly('plain'),
  kloptimal: nearly('karras'),
  ays: nearly('karras'),
  gits: nearly('karras'),
  alignyoursteps: nearly('karras'),
  alignyourstepsgits: nearly('karras'),
  alignyoursteps11: nearly('karras'),
  alignyoursteps32: nearly('karras'),
  edmplaygroundv25: nearly('karras'),
};

/**
 * What AUTOMATIC1111's schedule type "Automatic" means where that is not the timesteps' own, by the sampler's key
 * (sd_samplers_kdiffusion.py of 1.10, `scheduler` in `samplers_k_diffusion`).
 */
export const AUTOMATIC_SCHEDULES: Readonly<Record<string, SigmaSpacing>> = {
  dpm2: 'karras',
  dpm2a: 'karras',
  dpmpp2m: 'karras',
  dpmpp2msde: 'exponential',
  dpmpp2msdeheun: 'exponential',
  dpmpp3msde: 'exponential',
  dpmpp2sa: 'karras',
  dpmppsde: 'karras',
  restart: 'karras',
};
