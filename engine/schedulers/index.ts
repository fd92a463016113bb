import { EngineError } from '../errors.ts';
import type { SchedulerConfig } from '../model/configs.ts';
import type { SamplerName } from '../types.ts';
import { DdimScheduler } from './ddim.ts';
import { DpmSolverMultistepScheduler } from './dpm-solver-multistep.ts';
import { EulerAncestralScheduler, EulerScheduler } from './euler.ts';
import { PndmScheduler } from './pndm.ts';
import type { Scheduler } from './scheduler.ts';

/** A path over the last part of a schedule, as an index into a scheduler's own timesteps. */
export interface StartedScheduler {
  readonly scheduler: Scheduler;
  /** The first call to make. */
  readonly begin: number;
}

/** The whole path from pure noise. */
export function createScheduler(name: SamplerName, config: SchedulerConfig, steps: number): Scheduler {
  return startScheduler(name, config, steps, 0).scheduler;
}

/**
 * The path from step `start` of `steps` on, for a picture that is already there.
 * PLMS begins anew at the start, since its second call repeats a timestep.
 */
export function startScheduler(
  name: SamplerName,
  config: SchedulerConfig,
  steps: number,
  start: number,
): StartedScheduler {
  switch (name) {
    case 'pndm':
      return { scheduler: new PndmScheduler(config, steps, start), begin: 0 };
    case 'ddim':
      return { scheduler: new DdimScheduler(config, steps), begin: start };
    case 'euler':
      return { scheduler: new EulerScheduler(config, steps), begin: start };
    case 'euler_a':
      return { scheduler: new EulerAncestralScheduler(config, steps), begin: start };
    case 'dpmpp_2m':
      return { scheduler: new DpmSolverMultistepScheduler(config, steps, { karras: false }), begin: start };
    case 'dpmpp_2m_karras':
      return { scheduler: new DpmSolverMultistepScheduler(config, steps, { karras: true }), begin: start };
  }
}

const SAMPLER_OF_CLASS: Readonly<Record<string, SamplerName>> = {
  PNDMScheduler: 'pndm',
  DDIMScheduler: 'ddim',
  EulerDiscreteScheduler: 'euler',
  EulerAncestralDiscreteScheduler: 'euler_a',
  DPMSolverMultistepScheduler: 'dpmpp_2m',
};

/** The sampler a model's scheduler_config.json names. @throws EngineError `unknown_scheduler`. */
export function samplerOf(config: SchedulerConfig, file: string): SamplerName {
  const sampler = SAMPLER_OF_CLASS[config._class_name];
  if (sampler === undefined) {
    throw new EngineError(
      'unknown_scheduler',
      `${file} names the scheduler "${config._class_name}", which Easel does not have; set "_class_name" to one of ${Object.keys(SAMPLER_OF_CLASS).join(', ')}.`,
      { file, scheduler: config._class_name },
    );
  }
  if (config.use_karras_sigmas !== true) return sampler;
  if (sampler === 'dpmpp_2m') return 'dpmpp_2m_karras';
  throw new EngineError(
    'unknown_scheduler',
    `${file} asks for Karras sigmas with ${config._class_name}; Easel has them with DPMSolverMultistepScheduler only.`,
    { file, scheduler: config._class_name },
  );
}
