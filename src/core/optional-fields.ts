import { DECODERS, type GenerationSpec, PROMPT_SYNTAXES, SPEEDS } from '../../engine/index.ts';

type OptionalSettings = Pick<
  GenerationSpec,
  'clipSkip' | 'noiseDevice' | 'seedSize' | 'speed' | 'decoder' | 'syntax' | 'init'
>;

/** AUTOMATIC1111's key and values. */
const DECODER_KEY = 'VAE Decoder';
const DECODER_NAMES = { full: 'Full', taesd: 'TAESD' } as const;

/**
 * The settings that few pictures have, as AUTOMATIC1111 writes them: `Clip skip`, `RNG`, `Seed resize from`; those it
 * has no word for under keys of their own.
 */
export function optionalFields(spec: GenerationSpec): readonly (readonly [string, string])[] {
  const { clipSkip, noiseDevice, seedSize, speed, decoder, syntax, init } = spec;
  const fields: (readonly [string, string])[] = [];
  if (clipSkip !== undefined) fields.push(['Clip skip', String(clipSkip)]);
  if (seedSize !== undefined) fields.push(['Seed resize from', `${seedSize.width}x${seedSize.height}`]);
  // Its default is the graphics card's noise.
  fields.push(['RNG', noiseDevice === 'cuda' ? 'NV' : 'CPU']);
  if (speed !== undefined) fields.push(['Speed', speed]);
  if (decoder !== undefined) fields.push([DECODER_KEY, DECODER_NAMES[decoder]]);
  if (syntax !== undefined) fields.push(['Prompt syntax', syntax]);
  if (init !== undefined) {
    fields.push(['Init image', init.image], ['Init strength', String(init.strength)]);
    if (init.mask !== undefined) fields.push(['Init mask', init.mask]);
  }
  return fields;
}

/** How a picture was drawn with less work, for the line of its settings; empty for one that was not. */
export function shortcutsOf({ speed = 'exact', decoder = 'full' }: GenerationSpec): readonly string[] {
  return [...(speed === 'exact' ? [] : [speed]), ...(decoder === 'full' ? [] : [DECODER_NAMES[decoder]])];
}

/** All of them but the noise, of which `noiseSourceOf` tells. */
export function readOptionalFields(fields: ReadonlyMap<string, string>): Omit<OptionalSettings, 'noiseDevice'> {
  const clipSkip = Number(fields.get('Clip skip'));
  const [, width, height] = /^(\d+)x(\d+)$/.exec(fields.get('Seed resize from') ?? '') ?? [];
  const decoder = DECODERS.find((known) => DECODER_NAMES[known] === fields.get(DECODER_KEY));
  const speed = SPEEDS.find((known) => known === fields.get('Speed'));
  const syntax = PROMPT_SYNTAXES.find((known) => known === fields.get('Prompt syntax'));
  return {
    ...(Number.isInteger(clipSkip) && clipSkip >= 1 && { clipSkip }),
    ...(width !== undefined && height !== undefined && { seedSize: { width: Number(width), height: Number(height) } }),
    ...(speed !== undefined && { speed }),
    ...(decoder !== undefined && { decoder }),
    ...(syntax !== undefined && { syntax }),
    ...readInit(fields),
  };
}

function readInit(fields: ReadonlyMap<string, string>): Pick<GenerationSpec, 'init'> {
  const image = fields.get('Init image');
  const strength = Number(fields.get('Init strength'));
  const mask = fields.get('Init mask');
  if (image === undefined || !(strength >= 0 && strength <= 1)) return {};
  return { init: { image, strength, ...(mask !== undefined && { mask }) } };
}
