import { EngineError } from '../errors.ts';
import { MODEL_INDEX } from '../model/folder.ts';
import { TOKENIZER_EXTRAS, TOKENIZER_SETS } from '../tokenizer/tokenizer-files.ts';
import { hasPickleName, pickleError } from '../weights/pickle.ts';

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
const TOKENIZER = 'tokenizer';
const OPTIONAL = ['easel.json', SAFETY_CONFIG, ...TOKENIZER_EXTRAS.map((file) => `${TOKENIZER}/${file}`)];
/** Weights of each network by the name that its library gives them. */
const WEIGHTS = [
  ['unet', 'diffusion_pytorch_model'],
  ['vae', 'diffusion_pytorch_model'],
  ['text_encoder', 'model'],
] as const;
/** Tried in this order when no variant is asked for: as in a folder on this machine. */
const VARIANTS = ['', '.fp16', '.non_ema'];

export interface NeededFiles {
  /** Small: configuration and vocabulary. */
  readonly configs: readonly HubFile[];
  readonly weights: readonly HubFile[];
}

/**
 * What Easel needs of a repository in diffusers layout: of each network one safetensors file, nothing else.
 * @throws EngineError when something is missing, or there only as a pickle.
 */
export function neededFiles(files: readonly HubFile[], repo: string, variant: string | undefined): NeededFiles {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const required = (path: string): HubFile => {
    const file = byPath.get(path);
    if (file !== undefined) return file;
    throw new EngineError(
      'unsupported_model',
      `${repo} on the Hub has no ${path}; use a Stable Diffusion 1 model in diffusers layout.`,
      { repo, path },
    );
  };
  const tokenizers = TOKENIZER_SETS.map((names) => names.map((name) => `${TOKENIZER}/${name}`));
  const tokenizer = tokenizers.find((paths) => paths.every((path) => byPath.has(path))) ?? tokenizers.at(-1) ?? [];
  const configs = [...CONFIGS, ...tokenizer].map(required);
  const optional = OPTIONAL.flatMap((path) => byPath.get(path) ?? []);
  const weightsOf = (folder: string, name: string, endings: readonly string[]): HubFile => {
    const found = endings.flatMap((ending) => byPath.get(`${folder}/${name}${ending}.safetensors`) ?? [])[0];
    if (found !== undefined) return found;
    const inFolder = files.filter(({ path }) => path.startsWith(`${folder}/`)).map(({ path }) => path);
    const pickle = inFolder.find(hasPickleName);
    const safe = inFolder.filter((path) => path.endsWith('.safetensors'));
    if (pickle !== undefined && safe.length === 0) throw pickleError(`${repo}/${pickle}`);
    if (variant !== undefined && safe.length > 0) throw noVariant(repo, variant, folder, safe);
    return required(`${folder}/${name}.safetensors`);
  };
  const endings = variant === undefined ? VARIANTS : [`.${variant}`];
  const weights = WEIGHTS.map(([folder, name]) => weightsOf(folder, name, endings));
  // A variant of the networks may come with the plain safety checker.
  if (byPath.has(SAFETY_CONFIG)) weights.push(weightsOf('safety_checker', 'model', [...endings, ...VARIANTS]));
  return { configs: [...configs, ...optional], weights };
}

function noVariant(repo: string, variant: string, folder: string, files: readonly string[]): EngineError {
  return new EngineError(
    'bad_request',
    `${repo} on the Hub has no variant "${variant}" of its ${folder}; it has ${files.join(', ')}.`,
    { repo, variant },
  );
}
