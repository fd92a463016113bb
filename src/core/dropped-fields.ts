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
    'A part of another picture was drawn anew (inpainting), which the file does not hold; this is drawn from its words alone.',
  ],
  [
    /^(?:Init image hash|Image CFG scale|Resize mode|Noise multiplier|Initial image)/i,
    'The picture began from another one (image to image), which the file does not hold; this is drawn from its words alone.',
  ],
  [/^ADetailer|^DDetailer|^Detailer/i, 'ADetailer redrew parts of the picture; Easel leaves that out.'],
  [/^Control(?:Net|[- ]?LoRA| |$)|^T2I/i, 'ControlNet guided the picture; Easel leaves that out.'],
  [/^IP[- ]?Adapter/i, 'IP-Adapter guided the picture; Easel leaves that out.'],
  [
    /^(?:RP |Regional|Latent Couple|Forge Couple|Tiled Diffusion|Region )/i,
    'Regions of the picture had prompts of their own; Easel draws all of it from the one prompt.',
  ],
  [/^Refiner/i, 'A second model (refiner) drew the last steps; Easel leaves that out.'],
  [/^Hypernet/i, 'A hypernetwork was used, which Easel does not apply.'],
  [
    /^Hires (?:steps|prompt|negative prompt|sampler|schedule type|checkpoint|CFG|Distilled|Module)/i,
    "The second pass had settings of its own; the first pass's are used for both.",
  ],
  [/^Face restoration/i, 'Faces were restored afterwards; Easel leaves that out.'],
  [/^Postprocess|^Extras/i, 'The picture was enlarged or restored afterwards; Easel leaves that out.'],
  [/^Tiling/i, 'The picture was made to tile without seams; Easel leaves that out.'],
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
  return [`The file also names ${keys.slice(0, MAX_NAMED).join(', ')}${more}, which Easel does not repeat.`];
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
      'resources of Civitai',
      listed.map(({ type, name, weight }) => `${type} ${name}${weight === undefined ? '' : ` at ${weight}`}`),
    ),
  ];
}

function listNote(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '';
  const listed = names.slice(0, MAX_NAMED).map((name) => truncate(name, MAX_KEY_LENGTH));
  return [
    `The file lists ${what} that its prompt does not call (${listed.join(', ')}${more}); they are left out: add LoRAs that are here with \`--lora\`.`,
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
