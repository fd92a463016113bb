import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { EngineError } from '../errors.ts';
import { defaultSampler } from '../schedulers/default-sampler.ts';
import { missingTokenizerFiles } from '../tokenizer/tokenizer-files.ts';
import { hasPickleName, pickleError } from '../weights/pickle.ts';
import { exists, missing, readConfig, readOptionalConfig, requireFile } from './config-file.ts';
import {
  modelIndexSchema,
  recommendationSchema,
  textEncoderConfigSchema,
  unetConfigSchema,
  vaeConfigSchema,
} from './configs.ts';
import { foreignModel, pipelineTitle } from './family.ts';
import { checkFit, forLatents, type Model, vaeFactorOf } from './model.ts';
import { schedulerConfigOf } from './scheduler-config.ts';
import { separateVae } from './separate-vae.ts';

/** Full precision first, then half, as published. */
const DIFFUSERS_WEIGHTS = [
  'diffusion_pytorch_model.safetensors',
  'diffusion_pytorch_model.fp16.safetensors',
  'diffusion_pytorch_model.non_ema.safetensors',
];
const TRANSFORMERS_WEIGHTS = ['model.safetensors', 'model.fp16.safetensors'];

export const MODEL_INDEX = 'model_index.json';

export interface FolderOptions {
  /** What the model is called; default the folder's name. */
  readonly id?: string;
  /** The files of this variant before those of any other: `unet/diffusion_pytorch_model.VARIANT.safetensors`. */
  readonly variant?: string | undefined;
  /** Weights that are not there yet but will be, by their path in the folder. */
  readonly awaited?: readonly string[];
}

/**
 * A model in diffusers layout.
 * @throws EngineError naming the file that is missing, malformed or of another architecture, and what to do.
 */
export async function readModelFolder(path: string, options: FolderOptions = {}): Promise<Model> {
  const root = resolve(path);
  await requireFile(root, `The model folder ${root} does not exist; check the path.`);
  const index = await readConfig(join(root, MODEL_INDEX), modelIndexSchema);
  if (index._class_name !== 'StableDiffusionPipeline') throw foreignModel(root, pipelineTitle(index._class_name));

  const vae = await readConfig(join(root, 'vae', 'config.json'), vaeConfigSchema);
  const schedulerFile = join(root, 'scheduler', 'scheduler_config.json');
  const scheduler = await readConfig(schedulerFile, schedulerConfigOf(index.scheduler?.[1] ?? undefined));
  const recommendation = await readOptionalConfig(join(root, 'easel.json'), recommendationSchema);
  const weightsIn = async (folder: string, names: readonly string[]) => {
    const awaited = options.awaited?.find((file) => file.startsWith(`${folder}/`));
    return awaited === undefined
      ? firstOf(join(root, folder), variantFirst(names, options.variant))
      : join(root, awaited);
  };
  const safetyFolder = join(root, 'safety_checker');
  const model: Model = {
    id: options.id ?? basename(root),
    path: root,
    unet: await readConfig(join(root, 'unet', 'config.json'), unetConfigSchema),
    vae,
    textEncoder: await readConfig(join(root, 'text_encoder', 'config.json'), textEncoderConfigSchema),
    scheduler: forLatents(scheduler),
    sampler: defaultSampler(scheduler, schedulerFile),
    recommendation,
    weights: {
      unet: { file: await weightsIn('unet', DIFFUSERS_WEIGHTS) },
      vae: (await separateVae(root)) ?? { file: await weightsIn('vae', DIFFUSERS_WEIGHTS) },
      textEncoder: { file: await weightsIn('text_encoder', TRANSFORMERS_WEIGHTS) },
    },
    ...((await exists(safetyFolder)) && {
      // Its folder may be left out; one that is there must be whole, so that no picture goes unjudged by accident.
      safetyChecker: { folder: safetyFolder, file: await weightsIn('safety_checker', TRANSFORMERS_WEIGHTS) },
    }),
    ...(await taesdIn(root)),
    tokenizer: join(root, 'tokenizer'),
    vaeFactor: vaeFactorOf(vae),
  };
  const [lacking] = await missingTokenizerFiles(model.tokenizer);
  if (lacking !== undefined) throw new EngineError('missing_file', missing(lacking), { file: lacking });
  checkFit(model);
  return model;
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

/** `model.safetensors` in the variant `fp16` is `model.fp16.safetensors`. */
export function variantFirst(names: readonly string[], variant: string | undefined): readonly string[] {
  const [plain = ''] = names;
  return variant === undefined ? names : [plain.replace('.safetensors', `.${variant}.safetensors`), ...names];
}

async function firstOf(folder: string, names: readonly string[]): Promise<string> {
  for (const name of names) if (await exists(join(folder, name))) return join(folder, name);
  const wanted = join(folder, names[0] ?? '');
  const pickles = (await exists(folder)) ? (await readdir(folder)).filter(hasPickleName) : [];
  if (pickles[0] !== undefined) throw pickleError(join(folder, pickles[0]));
  throw new EngineError('missing_file', missing(wanted), { file: wanted });
}
