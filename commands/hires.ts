import { type Enlargement, type GenerationSpec, SPEC_LIMITS, type UpscaleMode } from '../engine/index.ts';
import type { OptionDescription } from '../src/core/command.ts';
import type { OptionValue } from '../src/core/request.ts';
import { BadInputError } from '../src/errors.ts';
import { abridge } from './limits.ts';
import { readChoice } from './values.ts';

/** How `--hires` enlarges: latents, by interpolation, or pixels. */
export const UPSCALER_NAMES = ['latent', 'latent-nearest', 'latent-bicubic', 'lanczos'] as const;
type UpscalerName = (typeof UPSCALER_NAMES)[number];

const MODES: Readonly<Record<UpscalerName, UpscaleMode>> = {
  latent: 'bilinear',
  'latent-nearest': 'nearest',
  'latent-bicubic': 'bicubic',
  lanczos: 'lanczos',
};

/** Interpolated latents are a blur, which less than this leaves; with much more of the schedule the composition falls apart. */
const DEFAULT_STRENGTH = 0.5;

const NUMBER = String.raw`\d{1,3}(?:\.\d{1,20})?|\.\d{1,20}`;
const HIRES = new RegExp(`^(${NUMBER})(?:\\s*:\\s*(${NUMBER}))?$`);

/** `2` or `2:0.6`: the side ratio, 1 for none, and the share of the schedule that is run again. */
export interface TypedHires {
  readonly factor: number;
  readonly strength?: number;
}

/** @throws BadInputError */
export function readHires(typed: string): TypedHires {
  const [, first, second] = HIRES.exec(typed.trim()) ?? [];
  const [factor, strength] = [Number(first), second === undefined ? undefined : Number(second)];
  const { minEnlargement: min, maxEnlargement: max } = SPEC_LIMITS;
  if (factor >= min && factor <= max && (strength === undefined || strength <= 1)) {
    return { factor, ...(strength !== undefined && { strength }) };
  }
  throw new BadInputError(
    'bad_hires',
    `Hires must be a factor from ${min} to ${max}, alone or with a strength from 0 to 1, such as 2 or 2:0.6, not \`${abridge(typed)}\`.`,
  );
}

/** By its name, or AUTOMATIC1111's: `Latent (nearest)`. @throws BadInputError */
export function readUpscaler(_: OptionDescription, raw: OptionValue): UpscaleMode {
  const typed = String(raw).trim();
  const known = UPSCALER_NAMES.find(
    (name) =>
      name ===
      typed
        .toLowerCase()
        .replaceAll(/[^a-z]+/g, '-')
        .replace(/-$/, ''),
  );
  return MODES[known ?? readChoice('way to enlarge', typed, UPSCALER_NAMES)];
}

/** The second pass; what is not said stays as it was. @throws BadInputError when its manner is said, but not that it is wanted */
export function resolveHires(
  typed: string | undefined,
  upscaler: UpscaleMode | undefined,
  base: Enlargement | undefined,
): Enlargement | undefined {
  const { factor, strength } = { ...base, ...(typed !== undefined && readHires(typed)) };
  if (factor === undefined && upscaler !== undefined) {
    const sentence = '`--upscaler` says how `--hires` enlarges; give that as well, such as `--hires 2`.';
    throw new BadInputError('no_hires', sentence);
  }
  if (factor === undefined || factor === 1) return undefined;
  const mode = upscaler ?? base?.mode ?? 'bilinear';
  return { factor, strength: strength ?? DEFAULT_STRENGTH, ...(mode !== 'bilinear' && { mode }) };
}

/** As flags; "" for none. */
export function formatHires({ hires }: GenerationSpec): string {
  if (hires === undefined) return '';
  return `--hires ${hires.factor}:${hires.strength} --upscaler ${upscalerOf(hires)}`;
}

export function upscalerOf({ mode = 'bilinear' }: Enlargement): UpscalerName {
  return UPSCALER_NAMES.find((name) => MODES[name] === mode) ?? 'latent';
}
