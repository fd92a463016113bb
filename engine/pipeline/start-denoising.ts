import type { GenerationSpec } from '../generation-spec.ts';
import type { Model } from '../model/model.ts';
import type { Latents } from '../picture.ts';
import { startScheduler } from '../schedulers/index.ts';
import { SPEED_PLANS } from '../spec/speed-plan.ts';
import { Denoiser } from './denoiser.ts';
import { type InitLatents, sampleInit } from './init-picture.ts';
import { startingNoise } from './starting-noise.ts';
import type { EncodedPrompts } from './text.ts';

type Shape = readonly [channels: number, height: number, width: number];

/** Whether there is a step to run when only a share of them is. */
export function hasDenoisingSteps(spec: GenerationSpec, strength: number): boolean {
  return denoisingSteps(spec, strength) > 0;
}

/** Steps that are run when only a share of them is. */
export function denoisingSteps({ steps }: GenerationSpec, strength: number): number {
  return steps - firstStep(steps, strength);
}

/** As diffusers' image to image counts it. */
function firstStep(steps: number, strength: number): number {
  return steps - Math.min(Math.floor(steps * strength), steps);
}

/** A picture at its beginning: noise, or the picture to begin from at the noise level of the first step to run. */
export function startPicture(
  { scheduler: config, vaeFactor }: Model,
  spec: GenerationSpec,
  shape: Shape,
  { positive, negative }: EncodedPrompts,
  init: InitLatents | undefined,
  speed = SPEED_PLANS[spec.speed ?? 'exact'],
): Denoiser {
  const strength = spec.init?.strength ?? 1;
  const { scheduler, begin } = startScheduler(spec.sampler, config, spec.steps, firstStep(spec.steps, strength));
  const { noise, posterior, fresh } = startingNoise(spec, shape, vaeFactor);
  const options = { scheduler, begin, positive, negative, ...guidanceOf(spec), speed, noise: fresh };
  const latents = init && posterior && sampleInit(init, posterior);
  const kept = keepOutside(init?.mask, latents, noise);
  // Inpainting of full strength begins from pure noise: what lies outside the mask is put back all the same.
  if (latents === undefined || (init?.mask !== undefined && strength === 1)) {
    return new Denoiser({ ...options, ...kept, sample: noise.map((value) => value * scheduler.initNoiseSigma) });
  }
  const sample = begin < scheduler.timesteps.length ? scheduler.addNoise(latents, noise, begin) : latents;
  return new Denoiser({ ...options, ...kept, sample });
}

/** Finished latents before the last part of the schedule is drawn over them again. */
export function startRefinement(
  { scheduler: config, vaeFactor }: Model,
  spec: GenerationSpec,
  { data, shape }: Latents,
  strength: number,
  { positive, negative }: EncodedPrompts,
): Denoiser {
  const { scheduler, begin } = startScheduler(spec.sampler, config, spec.steps, firstStep(spec.steps, strength));
  const { init: _, ...withoutInit } = spec;
  const { noise, fresh } = startingNoise({ ...withoutInit, variations: [] }, shape, vaeFactor);
  const sample = scheduler.addNoise(data, noise, begin);
  const speed = SPEED_PLANS[spec.speed ?? 'exact'];
  return new Denoiser({ scheduler, begin, sample, positive, negative, ...guidanceOf(spec), speed, noise: fresh });
}

function guidanceOf({ guidance, guidanceRescale }: GenerationSpec) {
  return { guidance, guidanceRescale };
}

function keepOutside(mask: Float32Array | undefined, latents: Float32Array | undefined, noise: Float32Array) {
  return mask === undefined || latents === undefined ? {} : { keep: { mask, latents, noise } };
}
