import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { displayModel } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import type { ModelFamily } from '../families/model-family.ts';
import { schedulerConfigOf } from '../schedulers/config.ts';
import { defaultSampler } from '../schedulers/default-sampler.ts';
import { missingTokenizerFiles } from '../tokenizer/tokenizer-files.ts';
import type { WeightSource } from '../weights/weight-source.ts';
import { exists, missing, parseConfig, readConfig, readOptionalConfig, requireFile } from './config-file.ts';
import {
  modelIndexSchema,
  recommendationSchema,
  textEncoderConfigSchema,
  unetConfigSchema,
  type VaeConfig,
  vaeConfigSchema,
} from './configs.ts';
import { distillationOf } from './distilled.ts';
import { checkFit, forLatents, type Model, type TextEncoderFiles, vaeFactorOf } from './model.ts';
import { familyOf, pipelineOf } from './pipeline-family.ts';
import { pickledVae, separateVae, separateVaeShape } from './separate-vae.ts';
import { readShardIndex } from './shard-index.ts';
import { chooseWeights } from './weight-files.ts';

/** What each library calls its weights. */
export const DIFFUSERS_WEIGHTS = 'diffusion_pytorch_model';
/** Stem of the weights' file of a transformers model. */
export const TRANSFORMERS_WEIGHTS = 'model';

/** The file that makes a folder a diffusers model. */
export const MODEL_INDEX = 'model_index.json';

export interface FolderOptions {
  /** What the model is called; default the folder's name. */
  readonly id?: string;
  /** The files of this variant and no other: `unet/diffusion_pytorch_model.VARIANT.safetensors`. */
  readonly variant?: string | undefined;
  /** More folders of VAEs that may belong to it. */
  readonly vaeFolders?: readonly string[] | undefined;
  /** Weights that are not there yet but will be, by their path in the folder. */
  readonly awaited?: readonly string[];
}

/**
 * A model in diffusers layout.
 * @throws EngineError naming the file that is missing, malformed or of another architecture, and what to do.
 */
export async function readModelFolder(path: string, options: FolderOptions = {}): Promise<Model> {
  const root = resolve(path);
  await requireFile(root, `The model folder ${displayModel(root)} does not exist; check the path.`);
  const index = await readConfig(join(root, MODEL_INDEX), modelIndexSchema);
  const pipeline = pipelineOf(root, index);
  const unet = await readConfig(join(root, 'unet', 'config.json'), unetConfigSchema);
  const family = familyOf(pipeline, unet);

  const separate = await separateVae(root, options.vaeFolders);
  const vaeFile = join(root, 'vae', 'config.json');
  const vae = await (separate.source === undefined
    ? readConfig(vaeFile, vaeConfigSchema(family))
    : separateVaeConfig(vaeFile, separate.source, family));
  const schedulerFile = join(root, 'scheduler', 'scheduler_config.json');
  const id = (options.id ?? basename(root)).normalize('NFC');
  const distillation = distillationOf([id]);
  const own = await readConfig(schedulerFile, schedulerConfigOf(index.scheduler?.[1] ?? undefined));
  // Whatever class it names: counted from the other end, few steps would begin without noise.
  const scheduler = distillation === undefined ? own : { ...own, timestep_spacing: 'trailing' as const };
  const recommendation = await readOptionalConfig(join(root, 'easel.json'), recommendationSchema);
  const weightsIn = (folder: string, name: string) => findWeights(root, folder, name, options);
  const safetyFolder = join(root, 'safety_checker');
  const model: Model = {
    id,
    path: root,
    family,
    unet,
    vae,
    scheduler: forLatents(scheduler),
    sampler: defaultSampler(scheduler, schedulerFile),
    recommendation,
    distillation,
    weights: {
      unet: await weightsIn('unet', DIFFUSERS_WEIGHTS),
      vae: separate.source ?? (await weightsIn('vae', DIFFUSERS_WEIGHTS)),
    },
    textEncoders: await readTexts(family, root, options),
    zeroesEmptyNegative: index.force_zeros_for_empty_prompt ?? family.text.zeroesEmptyNegative,
    ...((await exists(safetyFolder)) && {
      // Its folder may be left out; one that is there must be whole, so that no picture goes unjudged by accident.
      safetyChecker: { folder: safetyFolder, ...(await safetyWeights(root, options)) },
    }),
    ...(separate.pickle !== undefined && { notes: [pickledVae(separate.pickle, root)] }),
    ...(await taesdIn(root)),
    vaeFactor: vaeFactorOf(vae),
  };
  checkFit(model);
  return model;
}

async function readTexts({ text }: ModelFamily, root: string, options: FolderOptions): Promise<Model['textEncoders']> {
  const first = await readText('', root, options);
  return text.encoders.length === 1 ? [first] : [first, await readText('_2', root, options)];
}

/** @param suffix of its folders: '' for the first text encoder */
async function readText(suffix: '' | '_2', root: string, options: FolderOptions): Promise<TextEncoderFiles> {
  const folder = `text_encoder${suffix}`;
  const tokenizer = join(root, `tokenizer${suffix}`);
  const config = await readConfig(join(root, folder, 'config.json'), textEncoderConfigSchema);
  const weights = await findWeights(root, folder, TRANSFORMERS_WEIGHTS, options);
  const [lacking] = await missingTokenizerFiles(tokenizer);
  if (lacking !== undefined) throw new EngineError('missing_file', missing(lacking), { file: lacking });
  return { network: suffix === '' ? 'textEncoder' : 'textEncoder2', config, weights, tokenizer };
}

/** As diffusers lays it out in a folder of its own, or as it is published. */
const TAESD_FILES = [
  'taesd/diffusion_pytorch_model.safetensors',
  'taesd/taesd_decoder.safetensors',
  'taesd_decoder.safetensors',
];

async function taesdIn(root: string): Promise<Pick<Model, 'taesd'>> {
  for (const file of TAESD_FILES) if (await exists(join(root, file))) return { taesd: join(root, file) };
  return {};
}

/** A VAE beside the model has a shape of its own, and the model's settings for all else. */
async function separateVaeConfig(file: string, source: WeightSource, family: ModelFamily): Promise<VaeConfig> {
  const own = (await exists(file)) ? await readConfig(file, z.record(z.string(), z.unknown())) : {};
  return parseConfig(file, { ...own, ...(await separateVaeShape(source, family)) }, vaeConfigSchema(family));
}

/** A variant of the networks may come with the plain safety checker. */
async function safetyWeights(root: string, options: FolderOptions): Promise<WeightSource> {
  try {
    return await findWeights(root, 'safety_checker', TRANSFORMERS_WEIGHTS, options);
  } catch (error) {
    if (options.variant === undefined) throw error;
    return findWeights(root, 'safety_checker', TRANSFORMERS_WEIGHTS, { ...options, variant: undefined });
  }
}

async function findWeights(
  root: string,
  network: string,
  name: string,
  { awaited, variant }: FolderOptions,
): Promise<WeightSource> {
  const folder = join(root, network);
  const prefix = `${network}/`;
  const coming = (awaited ?? []).filter((file) => file.startsWith(prefix)).map((file) => file.slice(prefix.length));
  const there = await readdir(folder).catch(() => []);
  // What is about to be fetched was chosen already; of what else lies there only the lists of shards count.
  const names = coming.length === 0 ? there : [...coming, ...there.filter((file) => file.endsWith('.json'))];
  const { files, index } = chooseWeights(names, name, variant, { model: displayModel(root), network });
  if (index === undefined) return { file: join(folder, files[0] ?? '') };
  const shards = await readShardIndex(join(folder, index));
  const lost = shards.find((shard) => !names.includes(shard));
  if (lost === undefined) return { file: join(folder, index), shards: shards.map((shard) => join(folder, shard)) };
  throw new EngineError('missing_file', missing(join(folder, lost)), { file: join(folder, lost) });
}
