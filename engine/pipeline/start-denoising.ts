import type { GenerationSpec } from '../generation-spec.ts';
import type { Model } from '../model/model.ts';
import type { Latents } from '../picture.ts';
import { startScheduler } from '../schedulers/index.ts';
import { SPEED_PLANS } from '../spec/speed-plan.ts';
import { Denoiser } from './denoiser.ts';
import { type InitLatents, type Surroundings, sampleInit } from './init-picture.ts';
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

/** What a picture begins with beside noise and text. */
export interface Beginning {
  readonly init: InitLatents | undefined;
  /** Of a model that was made for inpainting, and of no other. */
  readonly surroundings: Surroundings | undefined;
}

/** A picture at its beginning: noise, or the picture to begin from at the noise level of the first step to run. */
export function startPicture(
  { scheduler: config, vaeFactor }: Model,
  spec: GenerationSpec,
  shape: Shape,
  { positive, negative }: EncodedPrompts,
  { init, surroundings }: Beginning,
  speed = SPEED_PLANS[spec.speed ?? 'exact'],
): Denoiser {
  const strength = spec.init?.strength ?? 1;
  const { scheduler, begin } = startScheduler(spec.sampler, config, spec.steps, firstStep(spec.steps, strength));
  const use = { factor: vaeFactor, isInpainting: surroundings !== undefined };
  const { noise, posterior, masked, fresh } = startingNoise(spec, shape, use);
  const beside = besideOf(surroundings, masked);
  const options = { scheduler, begin, positive, negative, ...guidanceOf(spec), speed, noise: fresh, beside };
  const latents = init && posterior && sampleInit(init, posterior);
  const kept = surroundings === undefined ? keepOutside(init?.mask, latents, noise) : {};
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
  surroundings: Surroundings | undefined,
): Denoiser {
  const { scheduler, begin } = startScheduler(spec.sampler, config, spec.steps, firstStep(spec.steps, strength));
  const { init: _, ...withoutInit } = spec;
  const use = { factor: vaeFactor, isInpainting: surroundings !== undefined };
  const { noise, masked, fresh } = startingNoise({ ...withoutInit, variations: [] }, shape, use);
  const sample = scheduler.addNoise(data, noise, begin);
  const speed = SPEED_PLANS[spec.speed ?? 'exact'];
  const beside = besideOf(surroundings, masked);
  const guidance = guidanceOf(spec);
  return new Denoiser({ scheduler, begin, sample, positive, negative, ...guidance, speed, noise: fresh, beside });
}

/** The mask, then the latents around it. */
function besideOf(surroundings: Surroundings | undefined, noise: Float32Array | undefined): Float32Array | undefined {
  if (surroundings === undefined || noise === undefined) return undefined;
  const { mask, around } = surroundings;
  const beside = new Float32Array(mask.length + noise.length);
  beside.set(mask);
  beside.set(sampleInit(around, noise), mask.length);
  return beside;
}

function guidanceOf({ guidance, guidanceRescale }: GenerationSpec) {
  return { guidance, guidanceRescale };
}

function keepOutside(mask: Float32Array | undefined, latents: Float32Array | undefined, noise: Float32Array) {
  return mask === undefined || latents === undefined ? {} : { keep: { mask, latents, noise } };
}
