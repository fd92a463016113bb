import { type GenerationSpec, SPEC_LIMITS, type UpscaleSettings, type Variation } from '../../engine/index.ts';
import { lackingUpscaler } from '../../src/core/hires-fields.ts';
import { type Size, upscaledSize } from '../../src/core/picture-size.ts';
import { fitSide, maxPictures } from '../imagine/size.ts';
import { MAX_JOB_PIXELS, MAX_VARIATIONS } from '../parsing/limits.ts';

export interface FittedSpec {
  readonly spec: GenerationSpec;
  /** What is other than before, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * A request from elsewhere within what Easel draws: the nearest that it can do, with a note for each change.
 * @param upscalers names of the upscaler models there are
 */
export function fitSpec(spec: GenerationSpec, upscalers: readonly string[] = []): FittedSpec {
  const notes: string[] = [];
  const limited = (what: string, value: number, min: number, max: number, isWhole = false): number => {
    const fitted = Math.min(Math.max(isWhole ? Math.round(value) : value, min), max);
    if (fitted !== value)
      notes.push(`The file has ${what} ${shortly(value)}, but Easel accepts ${min} to ${max}; ${fitted} is used.`);
    return fitted;
  };
  const { clipSkip, guidanceRescale, seedSize, hires, ...most } = spec;
  const { minSteps, maxSteps, minGuidance, maxGuidance, maxClipSkip } = SPEC_LIMITS;
  const size = fitSize('size', spec, notes);
  const second = hires && fitHires(fitUpscaler(hires, upscalers, notes), size, limited, notes);
  const fitted: GenerationSpec = {
    ...most,
    ...size,
    steps: limited('steps', spec.steps, minSteps, maxSteps, true),
    guidance: limited('guidance', spec.guidance, minGuidance, maxGuidance),
    ...(guidanceRescale !== undefined && { guidanceRescale: limited('guidance rescale', guidanceRescale, 0, 1) }),
    ...(clipSkip !== undefined && { clipSkip: limited('clip skip', clipSkip, 1, maxClipSkip, true) }),
    ...(seedSize !== undefined && { seedSize: fitSize('seed size', seedSize, notes) }),
    variations: fitVariations(spec.variations, limited, notes),
    ...(second !== undefined && { hires: second }),
  };
  return { spec: { ...fitted, count: fitCount(fitted, notes) }, notes };
}

type Limited = (what: string, value: number, min: number, max: number) => number;

/** Sides of the largest size that fits, in the same shape, floored to what latents can hold. */
function fitSize(what: string, { width, height }: Size, notes: string[]): Size {
  const { minSide, maxSide, sizeMultiple } = SPEC_LIMITS;
  const side = (length: number) => Math.max(minSide, Math.floor(length / sizeMultiple) * sizeMultiple);
  const within = fitSide({ width, height }, maxSide);
  const fitted = { width: side(within.width), height: side(within.height) };
  if (fitted.width !== width || fitted.height !== height) {
    notes.push(
      `The file has the ${what} ${width}×${height}, but sides must be multiples of ${sizeMultiple} from ${minSide} to ${maxSide}; ${fitted.width}×${fitted.height} is used.`,
    );
  }
  return fitted;
}

/** Lanczos' filter is the nearest to a model that is not here. */
function fitUpscaler(hires: UpscaleSettings, known: readonly string[], notes: string[]): UpscaleSettings {
  const { upscaler, ...others } = hires;
  if (upscaler === undefined) return hires;
  const name = known.find((candidate) => candidate.toLowerCase() === upscaler.toLowerCase());
  if (name !== undefined) return { ...others, upscaler: name };
  notes.push(lackingUpscaler(upscaler, 'lanczos'));
  return others;
}

/** As far as one picture may be enlarged. */
function fitHires(hires: UpscaleSettings, size: Size, limited: Limited, notes: string[]): UpscaleSettings | undefined {
  const { minUpscale, maxUpscale, maxUpscaledSide: maxEnlargedSide } = SPEC_LIMITS;
  const strength = limited('hires denoising strength', hires.strength, 0, 1);
  const most = Math.min(
    maxUpscale,
    maxEnlargedSide / Math.max(size.width, size.height),
    Math.sqrt(MAX_JOB_PIXELS / (size.width * size.height)),
  );
  // Rounded down, and further while the enlarged sides, which are rounded to whole latents, are too large.
  let factor = Math.min(Math.max(hires.factor, minUpscale), Math.floor(most * 100) / 100);
  while (factor > minUpscale && maxPictures(upscaledSize(size, factor)) < 1)
    factor = Math.round((factor - 0.01) * 100) / 100;
  if (factor !== hires.factor) {
    const instead = factor <= minUpscale ? 'it is left out' : `×${factor} is used`;
    notes.push(
      `The second pass of the file upscales ×${shortly(hires.factor)}, which is more than Easel allows; ${instead}.`,
    );
  }
  return factor <= minUpscale && factor !== hires.factor ? undefined : { ...hires, factor, strength };
}

function fitVariations(variations: readonly Variation[], limited: Limited, notes: string[]): readonly Variation[] {
  if (variations.length > MAX_VARIATIONS) {
    notes.push(
      `The file has ${variations.length} variations, but the limit is ${MAX_VARIATIONS}; the rest are left out.`,
    );
  }
  return variations.slice(0, MAX_VARIATIONS).map(({ seed, strength }) => {
    return { seed, strength: limited('variation strength', strength, 0, 1) };
  });
}

function fitCount(spec: GenerationSpec, notes: string[]): number {
  const most = Math.max(1, maxPictures(upscaledSize(spec, spec.hires?.factor ?? 1)));
  if (spec.count <= most) return spec.count;
  notes.push(`${spec.count} pictures of this size are too large for one job; the count is reduced to ${most}.`);
  return most;
}

function shortly(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
