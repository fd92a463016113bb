import { UPSCALE_MODES, type UpscaleMode, type UpscaleSettings } from '../../engine/index.ts';

/** As AUTOMATIC1111 names them. */
const UPSCALERS: Readonly<Record<UpscaleMode, string>> = {
  bilinear: 'Latent',
  nearest: 'Latent (nearest)',
  bicubic: 'Latent (bicubic)',
  lanczos: 'Lanczos',
};

/** AUTOMATIC1111's further latent upscalers; all others are models that enlarge pixels. */
const NEAREST_UPSCALERS: Readonly<Record<string, UpscaleMode>> = {
  'latent (antialiased)': 'bilinear',
  'latent (bicubic antialiased)': 'bicubic',
  'latent (nearest-exact)': 'nearest',
};
/** A1111's own default of the slider. */
const DEFAULT_STRENGTH = 0.7;
/** Of the two sides' ratios: what rounding to whole pixels makes. */
const SAME_RATIO = 0.02;

export interface ReadHires {
  /** Undefined where the file has no second pass. */
  readonly hires: UpscaleSettings | undefined;
  readonly notes: readonly string[];
}

/** The second pass that a file names: by `Hires upscale`, a factor, or by `Hires resize`, the size it leads to. */
export function readHires(
  fields: ReadonlyMap<string, string>,
  size: { readonly width: number; readonly height: number },
): ReadHires {
  const { factor, note } = factorOf(fields, size);
  if (factor === undefined) return { hires: undefined, notes: note === undefined ? [] : [note] };
  const upscaler = readUpscaler(fields.get('Hires upscaler'));
  const typed = Number(fields.get('Denoising strength') ?? Number.NaN);
  const strength = Number.isFinite(typed) ? typed : DEFAULT_STRENGTH;
  const unsaid = `The file does not give the denoising strength of its hires pass; ${DEFAULT_STRENGTH} is used.`;
  return {
    hires: { factor, strength, ...upscaler.choice },
    notes: [...(note === undefined ? [] : [note]), ...upscaler.notes, ...(Number.isFinite(typed) ? [] : [unsaid])],
  };
}

/**
 * How an enlargement is made, by the name that AUTOMATIC1111 gives it: the nearest, and a note, for one that Easel lacks. Any
 * other name is that of a model, which may not be here.
 */
export function readUpscaler(name: string | undefined): {
  readonly choice: Pick<UpscaleSettings, 'mode' | 'upscaler'>;
  readonly notes: readonly string[];
} {
  if (name === undefined) return { choice: {}, notes: [] };
  const mode = UPSCALE_MODES.find((known) => UPSCALERS[known].toLowerCase() === name.toLowerCase());
  if (mode !== undefined) return { choice: modeOf(mode), notes: [] };
  const nearest = NEAREST_UPSCALERS[name.toLowerCase()];
  if (nearest === undefined) return { choice: { mode: 'lanczos', upscaler: name }, notes: [] };
  return { choice: modeOf(nearest), notes: [lackingUpscaler(name, nearest)] };
}

/** The note on an upscaler that a file names and Easel does not have. */
export function lackingUpscaler(name: string, nearest: UpscaleMode): string {
  const quoted = name.length > 40 ? `${name.slice(0, 39)}…` : name;
  return `The file names the upscaler “${quoted}”, which Easel does not have; ${UPSCALERS[nearest]} is the nearest and is used.`;
}

/** What a recipe calls the way of an enlargement. */
export function upscalerName({ mode = 'bilinear', upscaler }: UpscaleSettings): string {
  return upscaler ?? UPSCALERS[mode];
}

/** Bilinear is what an enlargement is that names nothing else. */
function modeOf(mode: UpscaleMode): Pick<UpscaleSettings, 'mode'> {
  return mode === 'bilinear' ? {} : { mode };
}

function factorOf(
  fields: ReadonlyMap<string, string>,
  { width, height }: { readonly width: number; readonly height: number },
): { readonly factor?: number; readonly note?: string } {
  const written = fields.get('Hires upscale') ?? fields.get('Hires resize');
  if (written === undefined) return {};
  const factor = Number(fields.get('Hires upscale') ?? Number.NaN);
  if (Number.isFinite(factor)) return { factor };
  const [, wide = '0', high = '0'] = /^(\d{1,5})\s*[x×]\s*(\d{1,5})$/.exec(fields.get('Hires resize') ?? '') ?? [];
  // One side of 0 follows the other.
  const ratios = [Number(wide) / width, Number(high) / height].filter((ratio) => ratio > 0 && Number.isFinite(ratio));
  if (ratios.length === 0)
    return { note: `The size of the file's hires pass (${written.slice(0, 20)}) cannot be read; it is left out.` };
  const largest = Math.max(...ratios);
  const isSame = ratios.every((ratio) => Math.abs(ratio / largest - 1) <= SAME_RATIO);
  const note = `The hires pass of the file (${wide}×${high}) has a different aspect ratio from its first pass (${width}×${height}); the aspect ratio of the first pass is kept.`;
  return { factor: Math.round(largest * 1000) / 1000, ...(!isSame && { note }) };
}
