import type { NoiseDevice } from '../../engine/index.ts';

export interface NoiseSource {
  readonly device: NoiseDevice;
  /** What cannot be repeated of it, a sentence. */
  readonly note?: string;
}

/** `RNG` of AUTOMATIC1111 and Forge (`GPU`, `CPU`, `NV`) and of stable-diffusion.cpp (`cuda`, `cpu`, `std_default`). */
const SOURCES: Readonly<Record<string, NoiseDevice>> = { nv: 'cuda', gpu: 'cuda', cuda: 'cuda', cpu: 'cpu' };

/**
 * Programs by their `Version`, where the file names no `RNG`. AUTOMATIC1111 (`v1.10.1`, or a commit before it had numbers),
 * Forge (`f2.0.1v1.10.1-…`, `neo`, `classic`) and SD.Next (a commit) draw noise on the graphics card by default;
 * ComfyUI and Fooocus draw it on the processor, as diffusers does.
 */
const BY_VERSION: readonly (readonly [RegExp, NoiseDevice])[] = [
  [/^(?:ComfyUI|Fooocus|InvokeAI|diffusers)\b/i, 'cpu'],
  [/^(?:f|v)?\d+\.\d+|^(?:forge|neo|classic|reforge)\b|^[0-9a-f]{7,40}$/i, 'cuda'],
];

/** Whose noise a file's seed means: what it says itself, then what the program that wrote it does by default. */
export function noiseSourceOf(fields: ReadonlyMap<string, string>): NoiseSource {
  const written = fields.get('RNG');
  if (written !== undefined) return byName(written);
  const version = fields.get('Version');
  const known = BY_VERSION.find(([pattern]) => version !== undefined && pattern.test(version))?.[1];
  if (known !== undefined) return { device: known };
  if (fields.get('App') === 'SD.Next') return { device: 'cuda' };
  // Civitai's own generator is ComfyUI.
  if (fields.has('Civitai resources') || fields.has('Created Date')) return { device: 'cpu' };
  // AUTOMATIC1111 wrote the hash before it wrote its version.
  return { device: fields.has('Model hash') ? 'cuda' : 'cpu' };
}

function byName(written: string): NoiseSource {
  const device = SOURCES[written.trim().toLowerCase()];
  if (device !== undefined) return { device };
  const note = `The file uses a noise source that Easel does not have (RNG: ${written.slice(0, 20)}); the composition differs.`;
  return { device: 'cpu', note };
}
