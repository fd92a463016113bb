import { EngineError } from '../errors.ts';
import { type SamplerMethod, type SamplerName, SIGMA_SPACINGS, SPACED_METHODS } from '../sampler-names.ts';
import type { SchedulerConfig } from './config.ts';

/** The sampler that a model's own scheduler stands for. */
export interface DefaultSampler {
  readonly name: SamplerName;
  /** Where it is not the model's own to the letter: what is different, without the model's name. */
  readonly note?: string;
}

const METHOD_OF_CLASS: Readonly<Record<string, SamplerMethod>> = {
  PNDMScheduler: 'pndm',
  DDIMScheduler: 'ddim',
  DDIMParallelScheduler: 'ddim',
  DDPMScheduler: 'ddpm',
  DDPMParallelScheduler: 'ddpm',
  LCMScheduler: 'lcm',
  EulerDiscreteScheduler: 'euler',
  EulerAncestralDiscreteScheduler: 'euler_a',
  HeunDiscreteScheduler: 'heun',
  LMSDiscreteScheduler: 'lms',
  KDPM2DiscreteScheduler: 'dpm2',
  KDPM2AncestralDiscreteScheduler: 'dpm2_a',
  DPMSolverMultistepScheduler: 'dpmpp_2m',
  DPMSolverSDEScheduler: 'dpmpp_sde',
  UniPCMultistepScheduler: 'unipc',
  DEISMultistepScheduler: 'deis',
};

/** What stands in for a class that Easel does not have: the nearest method. */
const NEAREST_METHOD: Readonly<Record<string, SamplerMethod>> = {
  DPMSolverSinglestepScheduler: 'dpmpp_2m',
  DPMSolverMultistepInverseScheduler: 'dpmpp_2m',
  SASolverScheduler: 'dpmpp_2m_sde',
  TCDScheduler: 'lcm',
  IPNDMScheduler: 'pndm',
  DDIMInverseScheduler: 'ddim',
  RePaintScheduler: 'ddpm',
};
const ANY_METHOD: SamplerMethod = 'dpmpp_2m';

/** Classes for networks of another training, whose predictions no sampler here can read. */
const FOREIGN_CLASS = /^(?:Flow|EDM|ScoreSde|KarrasVe|CMStochastic|SCM|CogVideoX|Cosine|VQDiffusion|UnCLIP|Piflow|LTX)/;

/**
 * @param file for the sentence of a refusal
 * @throws EngineError `unknown_scheduler` for a model of another training than Stable Diffusion's
 */
export function defaultSampler(config: SchedulerConfig, file: string): DefaultSampler {
  const { _class_name: className, unsupported } = config;
  if (FOREIGN_CLASS.test(className)) {
    throw new EngineError(
      'unknown_scheduler',
      `${file} names the scheduler "${className}", which belongs to another kind of model than Stable Diffusion; use a Stable Diffusion 1, 2 or XL model.`,
      { file, scheduler: className },
    );
  }
  const known = METHOD_OF_CLASS[className];
  const method = stochastic(known ?? NEAREST_METHOD[className] ?? ANY_METHOD, config);
  const spacings = SIGMA_SPACINGS.filter((spacing) => asksFor(config, spacing));
  const [spacing] = spacings;
  const spaced = SPACED_METHODS.find((candidate) => candidate === method);
  const name: SamplerName = spacing === undefined || spaced === undefined ? method : `${spaced}_${spacing}`;
  const notes = [
    ...(known === undefined ? [`its own sampler is ${className}, which Easel does not have`] : []),
    ...(spacings.length > 1 ? [`its scheduler sets ${spacings.join(' and ')} spacing together`] : []),
    ...(spacing !== undefined && spaced === undefined
      ? [`its scheduler sets ${spacing} spacing, which it does not have`]
      : []),
    ...(unsupported.length > 0 ? [`Easel does not support its scheduler's setting of ${unsupported.join(', ')}`] : []),
  ];
  return notes.length === 0 ? { name } : { name, note: `${notes.join('; ')}: ${name} is used instead.` };
}

function stochastic(method: SamplerMethod, { algorithm_type: algorithm }: SchedulerConfig): SamplerMethod {
  return method === 'dpmpp_2m' && algorithm.startsWith('sde-') ? 'dpmpp_2m_sde' : method;
}

function asksFor(config: SchedulerConfig, spacing: (typeof SIGMA_SPACINGS)[number]): boolean {
  // Levels even in λ are the exponential spacing; only this class has them by that name.
  const hasLu = config._class_name === 'DPMSolverMultistepScheduler' && config.use_karras_sigmas !== true;
  return (
    (hasLu && spacing === 'exponential' && config.use_lu_lambdas === true) || config[`use_${spacing}_sigmas`] === true
  );
}
