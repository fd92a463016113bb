import { type SamplerMethod, type SamplerName, SIGMA_SPACINGS, SPACED_METHODS } from '../sampler-names.ts';
import type { SchedulerConfig } from './config.ts';
import { DdimScheduler } from './ddim.ts';
import { DdpmScheduler } from './ddpm.ts';
import { DeisScheduler } from './deis.ts';
import { DpmSolverMultistepScheduler } from './dpm-solver-multistep.ts';
import { Dpm2AncestralScheduler, Dpm2Scheduler } from './dpm2.ts';
import { Dpmpp2sAncestralScheduler } from './dpmpp-2s-ancestral.ts';
import { DpmppSdeScheduler } from './dpmpp-sde.ts';
import { EulerAncestralScheduler, EulerScheduler } from './euler.ts';
import { HeunScheduler } from './heun.ts';
import { LcmScheduler } from './lcm.ts';
import { LmsScheduler } from './lms.ts';
import { PndmScheduler } from './pndm.ts';
import type { Scheduler } from './scheduler.ts';
import type { Spacing } from './sigma-path.ts';
import { UniPcScheduler } from './unipc.ts';

/** A path over the last part of a schedule, as an index into a scheduler's own calls. */
export interface StartedScheduler {
  readonly scheduler: Scheduler;
  /** The first call to make. */
  readonly begin: number;
}

/** The whole path from pure noise. */
export function createScheduler(name: SamplerName, config: SchedulerConfig, steps: number): Scheduler {
  const { method, spacing } = partsOf(name);
  switch (method) {
    case 'pndm':
      return new PndmScheduler(config, steps);
    case 'ddim':
      return new DdimScheduler(config, steps);
    case 'ddpm':
      return new DdpmScheduler(config, steps);
    case 'lcm':
      return new LcmScheduler(config, steps);
    case 'euler_a':
      return new EulerAncestralScheduler(config, steps);
    case 'euler':
      return new EulerScheduler(config, steps, spacing);
    case 'heun':
      return new HeunScheduler(config, steps, spacing);
    case 'lms':
      return new LmsScheduler(config, steps, spacing);
    case 'dpm2':
      return new Dpm2Scheduler(config, steps, spacing);
    case 'dpm2_a':
      return new Dpm2AncestralScheduler(config, steps, spacing);
    case 'dpmpp_2m':
      return new DpmSolverMultistepScheduler(config, steps, spacing, { stochastic: false });
    case 'dpmpp_2m_sde':
      return new DpmSolverMultistepScheduler(config, steps, spacing, { stochastic: true });
    case 'dpmpp_2s_a':
      return new Dpmpp2sAncestralScheduler(config, steps, spacing);
    case 'dpmpp_sde':
      return new DpmppSdeScheduler(config, steps, spacing);
    case 'unipc':
      return new UniPcScheduler(config, steps, spacing);
    case 'deis':
      return new DeisScheduler(config, steps, spacing);
  }
}

/** The path from step `start` of `steps` on, for a picture that is already there. */
export function startScheduler(
  name: SamplerName,
  config: SchedulerConfig,
  steps: number,
  start: number,
): StartedScheduler {
  // Runge–Kutta steps belong to the begin of the way alone.
  const fitting = name === 'pndm' && start > 0 ? { ...config, skip_prk_steps: true } : config;
  const scheduler = createScheduler(name, fitting, steps);
  if (start >= steps) return { scheduler, begin: scheduler.timesteps.length };
  // diffusers counts PLMS's calls, of which there is one more than steps, as if each were a step.
  const call = name === 'pndm' ? start : scheduler.stepOf.indexOf(start);
  // A way that leaves out the noisiest levels may have fewer steps than were asked for.
  return { scheduler, begin: call === -1 ? scheduler.timesteps.length : call };
}

function partsOf(name: SamplerName): { readonly method: SamplerMethod; readonly spacing: Spacing } {
  for (const method of SPACED_METHODS) {
    const spacing = SIGMA_SPACINGS.find((candidate) => name === `${method}_${candidate}`);
    if (spacing !== undefined) return { method, spacing };
  }
  return { method: name as SamplerMethod, spacing: undefined };
}
