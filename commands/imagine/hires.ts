import {
  type GenerationSpec,
  type ModelDescription,
  SPEC_LIMITS,
  type UpscaleMode,
  type UpscaleSettings,
} from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { Size } from '../../src/core/picture-size.ts';
import { shorten } from '../parsing/limits.ts';
import { quoteWord } from '../parsing/quote.ts';
import { readChoice } from '../parsing/values.ts';
import { firstPass } from './first-pass.ts';

/** The upscalers of `--hires`: interpolation of latents, or of pixels. */
export const UPSCALER_NAMES = ['latent', 'latent-nearest', 'latent-bicubic', 'lanczos'] as const;
type UpscalerName = (typeof UPSCALER_NAMES)[number];

const MODES: Readonly<Record<UpscalerName, UpscaleMode>> = {
  latent: 'bilinear',
  'latent-nearest': 'nearest',
  'latent-bicubic': 'bicubic',
  lanczos: 'lanczos',
};

/** A lower strength leaves the blur of interpolated latents; a much higher one breaks the composition. */
const DEFAULT_STRENGTH = 0.5;

const NUMBER = String.raw`\d{1,3}(?:\.\d{1,25})?(?:e-\d{1,3})?|\.\d{1,25}`;
const AUTO = 'auto';
const HIRES = new RegExp(`^(${AUTO}|${NUMBER})(?:\\s*:\\s*(${NUMBER}))?$`, 'i');

/** `2`, `2:0.6` or `auto`. */
export interface TypedHires {
  /** The side ratio, 1 for none; or what leads from the model's own size to the one that is asked for. */
  readonly factor: number | typeof AUTO;
  /** The denoising strength of the second pass. */
  readonly strength?: number;
}

/** @throws BadInputError */
export function readHires(typed: string): TypedHires {
  const [, first = '', second] = HIRES.exec(typed.trim()) ?? [];
  const factor = first.toLowerCase() === AUTO ? AUTO : Number(first);
  const strength = second === undefined ? undefined : Number(second);
  const { minUpscale: min, maxUpscale: max } = SPEC_LIMITS;
  const isFactor = factor === AUTO || (factor >= min && factor <= max);
  if (isFactor && (strength === undefined || strength <= 1)) {
    return { factor, ...(strength !== undefined && { strength }) };
  }
  throw new BadInputError(
    'bad_hires',
    `Hires must be ${AUTO} or a factor from ${min} to ${max}, optionally with a denoising strength from 0 to 1, such as 2 or 2:0.6, not \`${shorten(typed)}\`.`,
  );
}

/** How the second pass's pixels come about: by interpolation, or by a model. */
export type UpscalerChoice = Pick<UpscaleSettings, 'mode' | 'upscaler'>;

/**
 * By its name, or AUTOMATIC1111's: `Latent (nearest)`; or a model's.
 * @param models names of the upscaler models there are
 * @throws BadInputError
 */
export function readUpscaler(written: string, models: readonly string[]): UpscalerChoice {
  const typed = written.trim();
  const model = models.find((name) => name.toLowerCase() === typed.toLowerCase());
  if (model !== undefined) return { mode: 'lanczos', upscaler: model };
  const known = UPSCALER_NAMES.find(
    (name) =>
      name ===
      typed
        .toLowerCase()
        .replaceAll(/[^a-z]+/g, '-')
        .replace(/-$/, ''),
  );
  const chosen = known ?? readChoice('hires upscaler', typed, [...UPSCALER_NAMES, ...models]);
  const mode = MODES[UPSCALER_NAMES.find((name) => name === chosen) ?? 'lanczos'];
  return mode === 'bilinear' ? {} : { mode };
}

/** The options of the second pass. */
export interface HiresValues {
  readonly hires: TypedHires | undefined;
  readonly upscaler: UpscalerChoice | undefined;
}

/**
 * The passes of a picture; what is not said stays as it was.
 * @param size as asked for: that of the first pass or, by `auto`, of the second
 * @throws BadInputError when the second pass's manner is said, but not that it is wanted
 */
export function resolvePasses(
  { hires: typed, upscaler }: HiresValues,
  base: UpscaleSettings | undefined,
  size: Size,
  model: ModelDescription,
): { readonly first: Size; readonly hires?: UpscaleSettings } {
  const { factor: asked = 1, strength = DEFAULT_STRENGTH } = { ...base, ...typed };
  if (typed === undefined && base === undefined && upscaler !== undefined) {
    const sentence = '`--upscaler` needs `--hires`; add it, such as `--hires 2`.';
    throw new BadInputError('no_hires', sentence);
  }
  const { first, factor } = asked === AUTO ? firstPass(size, model) : { first: size, factor: asked };
  if (factor === 1) return { first };
  const by: UpscalerChoice = upscaler ?? base ?? {};
  const how = {
    ...(by.mode !== undefined && { mode: by.mode }),
    ...(by.upscaler !== undefined && { upscaler: by.upscaler }),
  };
  return { first, hires: { factor, strength, ...how } };
}

/** As flags; "" for none. */
export function formatHires({ hires }: GenerationSpec): string {
  if (hires === undefined) return '';
  return `--hires ${hires.factor}:${hires.strength} --upscaler ${quoteWord(upscalerOf(hires))}`;
}

/** The name that people give to a way of enlarging latents or pixels, or that of the model that does it. */
export function upscalerOf({ mode = 'bilinear', upscaler }: UpscaleSettings): string {
  if (upscaler !== undefined) return upscaler;
  return UPSCALER_NAMES.find((name) => MODES[name] === mode) ?? 'latent';
}
