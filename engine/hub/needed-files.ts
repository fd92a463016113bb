import { EngineError } from '../errors.ts';
import { DIFFUSERS_WEIGHTS, MODEL_INDEX, TRANSFORMERS_WEIGHTS } from '../model/folder.ts';
import { MAX_INDEX_BYTES } from '../model/shard-index.ts';
import { chooseWeights, type WeightFiles } from '../model/weight-files.ts';
import { TOKENIZER_EXTRAS, TOKENIZER_SETS } from '../tokenizer/tokenizer-files.ts';
import { hasPickleName } from '../weights/pickle.ts';

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Names the content: SHA-256 of large files, git's hash of small ones. */
  readonly etag: string;
  /** The etag is the SHA-256 of the content. */
  readonly isLarge: boolean;
}

const SAFETY_CONFIG = 'safety_checker/config.json';
const CONFIGS = [
  MODEL_INDEX,
  'unet/config.json',
  'vae/config.json',
  'text_encoder/config.json',
  'scheduler/scheduler_config.json',
];
const OPTIONAL = ['easel.json', SAFETY_CONFIG];
/** There where the model has a second text encoder, as Stable Diffusion XL has. */
const SECOND_TEXT_CONFIG = 'text_encoder_2/config.json';
/** Weights of each network by the name that its library gives them. */
const WEIGHTS: readonly (readonly [network: string, stem: string])[] = [
  ['unet', DIFFUSERS_WEIGHTS],
  ['vae', DIFFUSERS_WEIGHTS],
  ['text_encoder', TRANSFORMERS_WEIGHTS],
];

/** Of all files of a repository those that a model is loaded from. */
export interface NeededFiles {
  /** Small: configuration, vocabulary and lists of shards. */
  readonly configs: readonly HubFile[];
  readonly weights: readonly HubFile[];
}

/**
 * What Easel needs of a repository in diffusers layout: of each network one safetensors file or the shards of one.
 * @throws EngineError when something is missing, or there only as a pickle.
 */
export function neededFiles(files: readonly HubFile[], repo: string, variant: string | undefined): NeededFiles {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const required = (path: string): HubFile => {
    const file = byPath.get(path);
    if (file !== undefined) return file;
    throw new EngineError(
      'unsupported_model',
      `${repo} on the Hub has no ${path}; use a Stable Diffusion model in diffusers layout.`,
      { repo, path },
    );
  };
  const hasSecondText = byPath.has(SECOND_TEXT_CONFIG);
  const tokenizers = hasSecondText ? ['tokenizer', 'tokenizer_2'] : ['tokenizer'];
  const vocabulary = (folder: string) => {
    const sets = TOKENIZER_SETS.map((names) => names.map((name) => `${folder}/${name}`));
    return sets.find((paths) => paths.every((path) => byPath.has(path))) ?? sets.at(-1) ?? [];
  };
  const secondConfig = hasSecondText ? [SECOND_TEXT_CONFIG] : [];
  const configs = [...CONFIGS, ...secondConfig, ...tokenizers.flatMap(vocabulary)].map(required);
  const extras = tokenizers.flatMap((folder) => TOKENIZER_EXTRAS.map((file) => `${folder}/${file}`));
  const optional = [...OPTIONAL, ...extras].flatMap((path) => byPath.get(path) ?? []);
  const chosen = (network: string, name: string, wanted: string | undefined): WeightFiles => {
    const inFolder = files.filter(({ path }) => path.startsWith(`${network}/`));
    const names = inFolder.map(({ path }) => path.slice(network.length + 1));
    if (!names.some((file) => /\.safetensors$|\.index(\.[\w-]+)?\.json$/.test(file) || hasPickleName(file))) {
      required(`${network}/${name}.safetensors`);
    }
    return chooseWeights(names, name, wanted, { model: `${repo} on the Hub`, network });
  };
  const indices: HubFile[] = [];
  const weightsOf = (network: string, { files: names, index }: WeightFiles): readonly HubFile[] => {
    if (index !== undefined) indices.push(bounded(required(`${network}/${index}`), repo));
    return names.map((name) => required(`${network}/${name}`));
  };
  const networks: typeof WEIGHTS = hasSecondText ? [...WEIGHTS, ['text_encoder_2', TRANSFORMERS_WEIGHTS]] : WEIGHTS;
  const weights = networks.flatMap(([network, name]) => weightsOf(network, chosen(network, name, variant)));
  if (byPath.has(SAFETY_CONFIG)) {
    weights.push(
      ...weightsOf(
        'safety_checker',
        safetyFiles((wanted) => chosen('safety_checker', 'model', wanted), variant),
      ),
    );
  }
  return { configs: [...configs, ...optional, ...indices], weights };
}

/** A variant of the networks may come with the plain safety checker. */
function safetyFiles(choose: (variant: string | undefined) => WeightFiles, variant: string | undefined): WeightFiles {
  try {
    return choose(variant);
  } catch (error) {
    if (variant === undefined) throw error;
    return choose(undefined);
  }
}

/** What is fetched before anything is known of it stays small. */
function bounded(file: HubFile, repo: string): HubFile {
  if (file.size <= MAX_INDEX_BYTES) return file;
  throw new EngineError(
    'corrupt_file',
    `${file.path} of ${repo} on the Hub has ${file.size} bytes, but the limit for a shard index is ${MAX_INDEX_BYTES}.`,
    { repo, path: file.path },
  );
}
