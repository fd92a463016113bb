import { EngineError } from '../errors.ts';
import { hasPickleName, pickleError } from '../weights/pickle.ts';

/** The files that hold one network's weights, by their names in its folder. */
export interface WeightFiles {
  /** One, or several shards in order. */
  readonly files: readonly string[];
  /** What lists the shards. */
  readonly index?: string;
}

/** Where the files are, for sentences. */
export interface WeightPlace {
  /** As people know it: a folder's name, or `owner/name on the Hub`. */
  readonly model: string;
  /** `unet`, `vae`, `text_encoder` or `safety_checker`. */
  readonly network: string;
}

interface Variant {
  whole?: string;
  index?: string;
  readonly shards: string[];
}

/** Taken in this order when no variant is asked for: full precision first, then half, as published. */
const PREFERRED = ['', 'fp16', 'non_ema'];

/** Behind the library's name. Older versions put the variant behind the shard's number, newer ones before it. */
const WEIGHTS = /^(?:\.([\w-]+?))?(-\d{5}-of-\d{5})?(?:\.([\w-]+))?\.safetensors$/;
const INDEX = /^\.safetensors\.index(?:\.([\w-]+))?\.json$/;

/**
 * Which of the files in a network's folder to read, as diffusers and transformers name them: `NAME.safetensors`,
 * `NAME.VARIANT.safetensors`, or shards with `NAME.safetensors.index.json`. The only variant there is needs no asking.
 * @param names of the files in the folder
 * @param name that the library gives: `diffusion_pytorch_model` or `model`
 * @param variant asked for; undefined for any
 * @throws EngineError saying what there is instead
 */
export function chooseWeights(
  names: readonly string[],
  name: string,
  variant: string | undefined,
  place: WeightPlace,
): WeightFiles {
  const variants = variantsOf(names, name);
  const chosen = variant ?? PREFERRED.find((known) => variants.has(known)) ?? onlyOne([...variants.keys()]);
  const found = chosen === undefined ? undefined : variants.get(chosen);
  if (found === undefined) throw refusal(names, [...variants.keys()], name, variant, place);
  if (found.whole !== undefined) return { files: [found.whole] };
  const { index, shards } = found;
  if (index !== undefined) return { files: shards.sort(), index };
  const wanted = indexName(name, chosen ?? '');
  throw missingFile(
    `${place.model} lacks ${place.network}/${wanted}, its shard index; download it again.`,
    `${place.network}/${wanted}`,
  );
}

/** @returns by name; '' is that of files without one */
function variantsOf(names: readonly string[], name: string): Map<string, Variant> {
  const variants = new Map<string, Variant>();
  const of = (variant: string): Variant => {
    const known = variants.get(variant) ?? { shards: [] };
    variants.set(variant, known);
    return known;
  };
  for (const file of names) {
    if (!file.startsWith(name)) continue;
    const rest = file.slice(name.length);
    const index = INDEX.exec(rest);
    if (index !== null) of(index[1] ?? '').index = file;
    const [isWeights, before, shard, after] = WEIGHTS.exec(rest) ?? [];
    if (isWeights === undefined || (before !== undefined && after !== undefined)) continue;
    const variant = of(before ?? after ?? '');
    if (shard === undefined) variant.whole = file;
    else variant.shards.push(file);
  }
  return variants;
}

function onlyOne(names: readonly string[]): string | undefined {
  return names.length === 1 ? names[0] : undefined;
}

function indexName(name: string, variant: string): string {
  return `${name}.safetensors.index.${variant === '' ? '' : `${variant}.`}json`;
}

const MAX_NAMED = 12;

function refusal(
  names: readonly string[],
  variants: readonly string[],
  name: string,
  variant: string | undefined,
  { model, network }: WeightPlace,
): EngineError {
  const safe = names.filter((file) => file.endsWith('.safetensors')).sort();
  const pickle = names.find(hasPickleName);
  if (safe.length === 0 && pickle !== undefined) return pickleError(`${model}/${network}/${pickle}`);
  const there = safe.slice(0, MAX_NAMED).map((file) => `${network}/${file}`);
  const has = `it has ${there.join(', ')}${safe.length > MAX_NAMED ? ` and ${safe.length - MAX_NAMED} more` : ''}`;
  if (variant !== undefined && safe.length > 0) {
    return missingFile(`${model} has no variant "${variant}" of its ${network}; ${has}.`, network);
  }
  if (variants.length > 1) {
    const [first = ''] = variants;
    return missingFile(
      `${model} has its ${network} only in the variants ${variants.join(', ')}; add one after the name of the model, such as :${first}.`,
      network,
    );
  }
  const wanted = `${network}/${name}.safetensors`;
  if (safe.length > 0) return missingFile(`${model} has no ${wanted}; ${has}.`, wanted);
  return missingFile(
    `The model folder lacks ${model}/${wanted}; download it again, or point Easel at a complete folder in diffusers layout.`,
    wanted,
  );
}

function missingFile(sentence: string, file: string): EngineError {
  return new EngineError('missing_file', sentence, { file });
}
