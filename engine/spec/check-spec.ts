import { EngineError } from '../errors.ts';
import {
  DECODERS,
  type GenerationSpec,
  NOISE_DEVICES,
  PROMPT_SYNTAXES,
  SPEC_LIMITS,
  SPEEDS,
} from '../generation-spec.ts';
import { MAX_PART_WEIGHT, MAX_PARTS, partsOf } from '../prompt/composition.ts';
import { SAMPLER_NAMES } from '../sampler-names.ts';
import { isSeed, MAX_SEED } from '../seed.ts';
import { adviseName, shorten } from '../suggest-names.ts';
import type { EngineTask } from '../task.ts';
import { UPSCALE_MODES, type UpscaleSettings } from '../upscale-settings.ts';
import { sizeOf, upscaleOf } from './recipe.ts';

/** The engine's own last check: front ends refuse earlier, in their user's words. @throws EngineError `bad_request`. */
export function checkTask(task: EngineTask): void {
  if (task.kind === 'generate') checkSpec(task.spec);
  else checkTask(task.source);
  const upscale = upscaleOf(task);
  if (upscale === undefined) return;
  checkUpscale(upscale);
  const { width, height } = sizeOf(task);
  if (Math.max(width, height) > SPEC_LIMITS.maxUpscaledSide) {
    throw refuse(
      `The upscaled picture would be ${Math.round(width)}×${Math.round(height)}, but the limit is ${SPEC_LIMITS.maxUpscaledSide} pixels per side; use a smaller factor.`,
    );
  }
}

function checkUpscale({ factor, strength, mode, upscaler }: UpscaleSettings): void {
  between('The upscale factor', factor, SPEC_LIMITS.minUpscale, SPEC_LIMITS.maxUpscale);
  between('The denoising strength', strength, 0, 1);
  if (mode !== undefined && !UPSCALE_MODES.includes(mode)) {
    throw refuse(`"${shorten(mode)}" is not an upscale mode; ${adviseName(mode, UPSCALE_MODES)}.`);
  }
  if (upscaler !== undefined && mode !== 'lanczos') throw refuse('An upscaler model needs the upscale mode lanczos.');
}

function checkSpec(spec: GenerationSpec): void {
  const limits = SPEC_LIMITS;
  for (const [name, side] of [
    ['Width', spec.width],
    ['Height', spec.height],
  ] as const) {
    integer(name, side, limits.minSide, limits.maxSide);
    if (side % limits.sizeMultiple !== 0) {
      throw refuse(`${name} must be a multiple of ${limits.sizeMultiple}, not ${side}.`);
    }
  }
  integer('Steps', spec.steps, limits.minSteps, limits.maxSteps);
  integer('Count', spec.count, limits.minCount, limits.maxCount);
  checkSeed('Seed', spec.seed);
  between('Guidance', spec.guidance, limits.minGuidance, limits.maxGuidance);
  between('Guidance rescale', spec.guidanceRescale ?? 0, 0, 1);
  for (const { seed, strength } of spec.variations) {
    checkSeed('Variation seed', seed);
    between('Variation strength', strength, 0, 1);
  }
  if (spec.init !== undefined) between('Strength', spec.init.strength, 0, 1);
  if (spec.clipSkip !== undefined) integer('Clip skip', spec.clipSkip, 1, limits.maxClipSkip);
  if (spec.seedSize !== undefined) {
    integer('Seed width', spec.seedSize.width, limits.minSide, limits.maxSide);
    integer('Seed height', spec.seedSize.height, limits.minSide, limits.maxSide);
  }
  if (spec.noiseDevice !== undefined && !NOISE_DEVICES.includes(spec.noiseDevice)) {
    throw refuse(
      `"${shorten(spec.noiseDevice)}" is not a noise source; ${adviseName(spec.noiseDevice, NOISE_DEVICES)}.`,
    );
  }
  if (spec.syntax !== undefined && !PROMPT_SYNTAXES.includes(spec.syntax)) {
    throw refuse(`"${shorten(spec.syntax)}" is not a prompt syntax; ${adviseName(spec.syntax, PROMPT_SYNTAXES)}.`);
  }
  if (spec.decoder !== undefined && !DECODERS.includes(spec.decoder)) {
    throw refuse(`"${shorten(spec.decoder)}" is not a decoder; ${adviseName(spec.decoder, DECODERS)}.`);
  }
  if (spec.speed !== undefined && !SPEEDS.includes(spec.speed)) {
    throw refuse(`"${shorten(spec.speed)}" is not a speed; ${adviseName(spec.speed, SPEEDS)}.`);
  }
  checkParts(spec);
  if (!SAMPLER_NAMES.includes(spec.sampler)) {
    throw refuse(`"${shorten(spec.sampler)}" is not a sampler; ${adviseName(spec.sampler, SAMPLER_NAMES)}.`);
  }
}

function checkParts(spec: GenerationSpec): void {
  const parts = partsOf(spec);
  if (parts.length > MAX_PARTS) {
    throw refuse(
      `The prompt has ${parts.length} parts joined by AND, but the limit is ${MAX_PARTS}; join fewer parts.`,
    );
  }
  for (const { weight } of parts) between('The weight of a part after AND', weight, -MAX_PART_WEIGHT, MAX_PART_WEIGHT);
}

function checkSeed(name: string, seed: unknown): void {
  if (isSeed(seed)) return;
  throw refuse(`${name} must be a whole number from 0 to ${MAX_SEED}, not ${String(seed)}.`);
}

function integer(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value)) throw refuse(`${name} must be a whole number, not ${value}.`);
  between(name, value, min, max);
}

function between(name: string, value: number, min: number, max: number): void {
  if (!(value >= min && value <= max)) throw refuse(`${name} must be from ${min} to ${max}, not ${value}.`);
}

function refuse(message: string): EngineError {
  return new EngineError('bad_request', message);
}
