import { readLoraTags } from '../../engine/index.ts';
import { truncate } from './truncate.ts';

/** Keys that are read, or that say nothing of how the picture looks. */
const READ_OR_HARMLESS = new Set([
  ...[
    'Steps',
    'Sampler',
    'Schedule type',
    'Scheduler',
    'CFG scale',
    'Seed',
    'Size',
    'Model',
    'Batch size',
    'Batch pos',
    'Precision',
    'Speed',
    'VAE Decoder',
  ],
  ...['Clip skip', 'RNG', 'Seed resize from', 'CFG Rescale phi', 'Variation seed', 'Variation seed strength'],
  ...['Denoising strength', 'Hires upscale', 'Hires resize', 'Hires upscaler', 'Version', 'App', 'Backend', 'Pipeline'],
  ...['Exact prompt', 'Exact negative prompt', 'Prompt syntax', 'Init image', 'Init strength', 'Init mask'],
  ...['Enlarged later', 'Further variations', 'Further upscales', 'Further upscalers', 'Civitai resources'],
  ...['Model hash', 'VAE hash', 'Lora hashes', 'TI hashes', 'Hashes', 'TI', 'Used embeddings', 'Created Date', 'User'],
  ...['Civitai metadata', 'Template', 'Negative Template', 'Operations', 'Parser', 'Seed mode'],
]);
/** Values that say that the key's thing was not used. */
const UNUSED = ['', 'none', 'false', '0', '0.0', 'off', 'disabled'];

/** What extensions and other programs do beside the drawing, by the keys that they write. */
const THINGS: readonly (readonly [keys: RegExp, sentence: string])[] = [
  [
    /^(?:Mask|Masked|Inpaint|Inpainting|Conditional mask|Soft inpainting)/i,
    'The file was made by inpainting another picture, which it does not contain; only the prompt is used.',
  ],
  [
    /^(?:Init image hash|Image CFG scale|Resize mode|Noise multiplier|Initial image)/i,
    'The file was made from an init image, which it does not contain; only the prompt is used.',
  ],
  [/^ADetailer|^DDetailer|^Detailer/i, 'The file used ADetailer, which Easel does not support; it is skipped.'],
  [/^Control(?:Net|[- ]?LoRA| |$)|^T2I/i, 'The file used ControlNet, which Easel does not support; it is skipped.'],
  [/^IP[- ]?Adapter/i, 'The file used IP-Adapter, which Easel does not support; it is skipped.'],
  [
    /^(?:RP |Regional|Latent Couple|Forge Couple|Tiled Diffusion|Region )/i,
    'The file used regional prompts, which Easel does not support; the whole picture uses the main prompt.',
  ],
  [/^Refiner/i, 'The file used a refiner model, which Easel does not support; it is skipped.'],
  [/^Hypernet/i, 'The file used a hypernetwork, which Easel does not support; it is skipped.'],
  [
    /^Hires (?:steps|prompt|negative prompt|sampler|schedule type|checkpoint|CFG|Distilled|Module)/i,
    'The hires pass of the file has its own settings, which Easel does not support; the settings of the first pass are used.',
  ],
  [/^Face restoration/i, 'The file used face restoration, which Easel does not support; it is skipped.'],
  [/^Postprocess|^Extras/i, 'The file was upscaled or restored afterwards, which Easel does not repeat.'],
  [/^Tiling/i, 'The file used tiling, which Easel does not support; it is skipped.'],
];

/** Of keys that nothing is known of, so many are named. */
const MAX_NAMED = 4;
const MAX_KEY_LENGTH = 30;

/**
 * A sentence for each thing that the file says of its picture and Easel does not repeat.
 * @param prompt as the file has it, with its tags
 */
export function droppedNotes(fields: ReadonlyMap<string, string>, prompt: string): readonly string[] {
  const left = [...fields].filter(([key, value]) => !READ_OR_HARMLESS.has(key) && isUsed(value));
  const used = THINGS.filter(([keys]) => left.some(([key]) => keys.test(key)));
  const unknown = left
    .filter(([key]) => !THINGS.some(([keys]) => keys.test(key)))
    .map(([key]) => truncate(key, MAX_KEY_LENGTH));
  return [
    ...initNote(fields, used),
    ...used.map(([, note]) => note),
    ...loraNotes(fields, prompt),
    ...unknownNote(unknown),
  ];
}

function isUsed(value: string): boolean {
  return !UNUSED.includes(value.trim().toLowerCase());
}

/** A denoising strength without a second pass is that of a picture to begin from. */
function initNote(fields: ReadonlyMap<string, string>, used: typeof THINGS): string[] {
  const isSaid = THINGS.slice(0, 2).some((thing) => used.includes(thing));
  const hasPass = ['Hires upscale', 'Hires resize', 'Hires upscaler'].some((key) => fields.has(key));
  if (!fields.has('Denoising strength') || hasPass || isSaid || fields.has('Init image')) return [];
  return THINGS.slice(1, 2).map(([, sentence]) => sentence);
}

function unknownNote(keys: readonly string[]): string[] {
  if (keys.length === 0) return [];
  const more = keys.length > MAX_NAMED ? ` and ${keys.length - MAX_NAMED} more` : '';
  return [`The file also has ${keys.slice(0, MAX_NAMED).join(', ')}${more}, which Easel does not repeat.`];
}

/** LoRAs that the file lists and its prompt does not call by a tag: by Civitai's numbers, or by a hash of their file. */
function loraNotes(fields: ReadonlyMap<string, string>, prompt: string): string[] {
  const tagged = readLoraTags(prompt).loras.map(({ name }) => name.toLowerCase());
  const hashed = [...(fields.get('Lora hashes') ?? '').matchAll(/([^,:"]{1,100}):/g)].map(([, name = '']) =>
    name.trim(),
  );
  const untagged = hashed.filter((name) => name !== '' && !tagged.includes(name.toLowerCase()));
  const resources = readResources(fields.get('Civitai resources'));
  // Where the prompt calls LoRAs itself, Civitai's list names the same ones.
  const listed = tagged.length > 0 ? [] : resources.filter(({ type }) => type !== 'checkpoint');
  return [
    ...listNote('LoRAs', untagged),
    ...listNote(
      'Civitai resources',
      listed.map(({ type, name, weight }) => `${type} ${name}${weight === undefined ? '' : ` at ${weight}`}`),
    ),
  ];
}

function listNote(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  const listed = names.slice(0, MAX_NAMED).map((name) => truncate(name, MAX_KEY_LENGTH));
  return [
    `The file lists ${what} that its prompt does not use (${listed.join(', ')}${more}); they are skipped. Add available LoRAs with \`--lora\`.`,
  ];
}

interface CivitaiResource {
  readonly type: string;
  /** The model's name, or its number where the file has only that. */
  readonly name: string;
  readonly weight: number | undefined;
}

/** The checkpoint that Civitai's list names, where the file names no model otherwise. */
export function civitaiModel(fields: ReadonlyMap<string, string>): string | undefined {
  const json = parseList(fields.get('Civitai resources'));
  const checkpoint = json.find(({ type }) => type === 'checkpoint');
  return typeof checkpoint?.modelName === 'string' ? checkpoint.modelName : undefined;
}

function readResources(json: string | undefined): readonly CivitaiResource[] {
  return parseList(json).map(({ type, modelName, modelVersionId, weight }) => ({
    type: typeof type === 'string' ? type.toLowerCase() : 'resource',
    name: typeof modelName === 'string' ? modelName : `number ${String(modelVersionId)}`,
    weight: typeof weight === 'number' ? weight : undefined,
  }));
}

function parseList(json: string | undefined): readonly Record<string, unknown>[] {
  try {
    const list: unknown = JSON.parse(json ?? '[]');
    return Array.isArray(list) ? list.filter(isObject) : [];
  } catch {
    return [];
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
