import type { EngineDescription, ModelDescription } from '../descriptions.ts';
import { type EngineError, fileOf, isEngineError } from '../errors.ts';
import { findFewStepLoras } from '../lora/few-steps.ts';
import { readFootprint } from '../memory/footprint.ts';
import { peakByDefault } from '../memory/memory-plan.ts';
import { type Extras, findExtras } from '../model/extras.ts';
import { describeModel, type Model } from '../model/model.ts';
import { noPlace } from '../model/place-errors.ts';
import type { LearnedTokens } from '../prompt/prompt-texts.ts';
import type { PrecisionChoice } from '../providers/precision.ts';
import type { Provider } from '../session/execution-provider.ts';
import { readUpscaler } from '../upscalers/upscaler-file.ts';
import { hasPickleName } from '../weights/pickle.ts';
import { readTokenNames } from '../weights/textual-inversion.ts';
import { ModelGatherer, type Refusal } from './gather-models.ts';

export interface EngineOptions {
  /**
   * Where the models are; the first found is the default. Each is a folder in diffusers layout (with `:variant` for the
   * files of that variant), a single-file checkpoint (`.safetensors`), a folder that holds several of both, at any depth
   * up to `SCAN_DEPTH`, or a model on the Hub (`owner/name`, see hub/hub-id.ts). A model's id is its name without the
   * ending.
   */
  readonly modelSources: readonly string[];
  /** ONNX Runtime execution provider; default `auto`. */
  readonly provider?: Provider;
  /**
   * What networks are computed in: `float16` on a GPU, `int8` on a CPU; `auto` is float16 where the GPU can and the
   * weights are stored so, float32 elsewhere. @default 'auto'
   */
  readonly precision?: PrecisionChoice;
  /** Where int8 weights are kept for the next start. @default a folder for temporary files */
  readonly int8Folder?: string;
  /** Bytes that the engine's process may take on a CPU; default what is free. A task that needs more is refused. */
  readonly memoryLimit?: number;
  /** Keep one network at a time in memory: each task opens and lets go of them in turn. */
  readonly offload?: boolean;
  /** Send previews every n steps, 0 for none; default 2. */
  readonly previewEvery?: number;
  /** The GPU, by the provider's own number; a CPU has none. @default the provider's first */
  readonly device?: number;
  /** Engine processes that share this machine's CPU and, of a CPU, its memory. @default 1 */
  readonly processes?: number;
  /** CPU threads; default 0, one a core of those that this process may use. */
  readonly threads?: number;
  /** Most rows of one UNet call, over all tasks: a picture takes one, with guidance two. Default: what suits the provider. */
  readonly maxRows?: number;
}

/** What whoever runs the engine may say about how it draws. */
export type ExecutionOptions = Pick<
  EngineOptions,
  'provider' | 'precision' | 'int8Folder' | 'threads' | 'offload' | 'memoryLimit'
> & {
  /** Each gets an engine process of its own: GPUs by the provider's numbers; of a CPU any numbers. @default one process */
  readonly devices?: readonly number[];
};

/** The best that works on this machine. */
export const DEFAULT_PROVIDER: Provider = 'auto';

/** What the models' folders tell; the rest is known where the networks run. */
export type CatalogDescription = Omit<EngineDescription, 'provider' | 'slots' | 'execution'>;

/** Every model that Easel was given, and what can be added to them. */
export interface Catalog {
  /** By id, in the order given. */
  readonly models: ReadonlyMap<string, Model>;
  /** The folders beside whose models LoRAs and embeddings may lie. */
  readonly homes: readonly string[];
  readonly extras: Extras;
  /** Those that cannot be run; they take none of the others along. */
  readonly refused: readonly Refusal[];
}

/** @throws EngineError when there is no model that Easel runs: why the first is none. */
export async function describeModels(options: EngineOptions): Promise<CatalogDescription> {
  const catalog = await readCatalog(options);
  const models = await Promise.all([...catalog.models.values()].map((model) => describe(model, options)));
  const upscalers = await readUpscalers(catalog.extras.upscalers);
  const refused = [...catalog.refused.map(({ error }) => error), ...upscalers.refused];
  const [first] = models;
  if (first === undefined) throw refused[0] ?? noPlace();
  const names = (files: ReadonlyMap<string, string>) =>
    [...files].filter(([, file]) => !hasPickleName(file)).map(([name]) => name);
  return {
    models,
    defaultModel: first.id,
    loras: names(catalog.extras.loras),
    embeddings: names(catalog.extras.embeddings),
    upscalers: upscalers.usable,
    fewStepLoras: await findFewStepLoras(catalog.extras.loras),
    learnedTokens: await readLearnedTokens(catalog.extras.embeddings),
    refused: refused.map(({ message }) => message),
    refusedFiles: Object.fromEntries(refused.flatMap((error) => entryOf(error))),
    advice: catalog.extras.notes,
  };
}

/** Those that can be used, and why the others cannot; of pickles whoever names one is told. */
async function readUpscalers(files: ReadonlyMap<string, string>) {
  const usable: string[] = [];
  const refused: EngineError[] = [];
  for (const [name, file] of files) {
    if (hasPickleName(file)) continue;
    try {
      await readUpscaler(file);
      usable.push(name);
    } catch (error) {
      if (!isEngineError(error)) throw error;
      refused.push(error);
    }
  }
  return { usable: usable.toSorted(), refused };
}

function entryOf(error: EngineError): [string, string][] {
  const file = fileOf(error);
  return file === undefined ? [] : [[error.message, file]];
}

/** Of the words whose files name another token than their file's name. */
async function readLearnedTokens(files: ReadonlyMap<string, string>): Promise<LearnedTokens> {
  const tokens = new Map<string, readonly string[]>();
  for (const [name, file] of files) {
    const others = (await readTokenNames(file)).filter((token) => token !== name);
    if (others.length > 0) tokens.set(name, others);
  }
  return Object.fromEntries(tokens);
}

/** Multiply-adds of a row of a UNet call for each pixel: 82 million a latent. */
const SD1_WORK_PER_PIXEL = 81_917_440 / 64;

async function describe(model: Model, options: EngineOptions): Promise<ModelDescription> {
  const description = describeModel(model);
  if (model.download !== undefined) return description;
  // Of damaged weights their first task tells.
  const footprint = await readFootprint(model, options.precision === 'int8').catch(() => undefined);
  return footprint === undefined
    ? description
    : {
        ...description,
        memoryBytes: peakByDefault(description, footprint, options.offload === true),
        work: footprint.unetWorkPerLatent / footprint.vaeFactor ** 2 / SD1_WORK_PER_PIXEL,
      };
}

/** Looks through all places for models and what can be added to them; no weights are read. */
export async function readCatalog({ modelSources }: EngineOptions): Promise<Catalog> {
  const gathered = new ModelGatherer();
  for (const entry of modelSources) await gathered.addPlace(entry);
  const { models, homes, refused } = gathered;
  return { models, homes: [...homes], extras: await findExtras(homes), refused };
}
