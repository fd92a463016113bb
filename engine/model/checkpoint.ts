import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ModelFamily } from '../families/model-family.ts';
import { namesIn } from '../few-step-names.ts';
import { schedulerConfigSchema } from '../schedulers/config.ts';
import { defaultSampler } from '../schedulers/default-sampler.ts';
import { missingTokenizerFiles } from '../tokenizer/tokenizer-files.ts';
import type { TextNetwork } from '../weights/checkpoint-names.ts';
import { fileKind } from '../weights/file-kind.ts';
import { readSafetensorsFile, type TensorRef } from '../weights/safetensors.ts';
import { diffusersTensors, type WeightSource } from '../weights/weight-source.ts';
import { trainingHints } from './checkpoint-prediction.ts';
import { checkpointFamily, refuseMissingParts } from './checkpoint-refusals.ts';
import { type ShapeSource, textEncoderShape, unetShape, vaeShape } from './checkpoint-shape.ts';
import { readCheckpointYaml } from './checkpoint-yaml.ts';
import { readOptionalConfig } from './config-file.ts';
import { recommendationSchema, textEncoderConfigSchema, unetConfigSchema, vaeConfigSchema } from './configs.ts';
import { distillationOf } from './distilled.ts';
import { checkFit, forLatents, type Model, type TextEncoderFiles, vaeFactorOf } from './model.ts';
import { pickledVae, separateVae, separateVaeShape } from './separate-vae.ts';

/** CLIP's vocabulary is the same in every Stable Diffusion model; single files come without one. */
const CLIP_TOKENIZER = fileURLToPath(new URL('../../models/sketch/tokenizer', import.meta.url));

export interface CheckpointOptions {
  /** More folders of VAEs that may belong to it. */
  readonly vaeFolders?: readonly string[] | undefined;
}

/**
 * A single-file checkpoint. Sizes are read off its tensors; what they do not tell (heads, prediction type, scheduler)
 * is that of its family, or what stands in `NAME.yaml` or in diffusers' config files in the folder `NAME` beside it.
 * @throws EngineError when it is another kind of file or another architecture.
 */
export async function readCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Model> {
  const file = resolve(path);
  const { tensors, metadata } = await readSafetensorsFile(file);
  const family = checkpointFamily(file, fileKind(tensors.keys()));
  const source: ShapeSource = { file, family };
  const separate = await separateVae(file, options.vaeFolders);
  refuseMissingParts(file, family, tensors, separate);

  const stem = file.replace(/\.safetensors$/i, '');
  const yaml = await readCheckpointYaml(`${stem}.yaml`);
  const config = (...names: string[]) => join(stem, ...names);
  const vae = await readOptionalConfig(config('vae', 'config.json'), vaeConfigSchema(family), {
    ...(separate.source === undefined
      ? vaeShape(diffusersTensors('vae', tensors), source)
      : await separateVaeShape(separate.source, family)),
    ...yaml.vae,
  });
  const unetTensors = diffusersTensors('unet', tensors);
  const hints = await trainingHints(family, unetTensors);
  const distillation = distillationOf([basename(stem), ...namesIn(metadata)]);
  const schedulerFile = config('scheduler', 'scheduler_config.json');
  const scheduler = await readOptionalConfig(schedulerFile, schedulerConfigSchema, {
    ...family.scheduler,
    ...distillation?.scheduler,
    ...hints.scheduler,
    ...yaml.scheduler,
    // Some trainers mark their files by empty tensors of these names.
    ...(tensors.has('v_pred') && { prediction_type: 'v_prediction' }),
    ...(tensors.has('ztsnr') && { rescale_betas_zero_snr: true }),
  });
  const own: WeightSource = { file, authority: `a ${family.title} model` };
  const textEncoders = await readTexts(source, tensors, own, stem);
  const pooledWidth = textEncoders.at(-1)?.config.projection_dim ?? 0;
  const model: Model = {
    id: basename(stem).normalize('NFC'),
    path: file,
    family,
    unet: await readOptionalConfig(config('unet', 'config.json'), unetConfigSchema, {
      ...unetShape(unetTensors, pooledWidth, source),
      ...hints.unet,
      ...(distillation?.sampleSize !== undefined && { sample_size: distillation.sampleSize }),
      ...yaml.unet,
    }),
    vae,
    textEncoders,
    scheduler: forLatents(scheduler),
    sampler: defaultSampler(scheduler, schedulerFile),
    distillation,
    recommendation: await readOptionalConfig(config('easel.json'), recommendationSchema),
    weights: { unet: own, vae: separate.source ?? own },
    zeroesEmptyNegative: family.text.zeroesEmptyNegative,
    vaeFactor: vaeFactorOf(vae),
    ...(separate.pickle !== undefined && { notes: [pickledVae(separate.pickle, file)] }),
  };
  checkFit(model);
  return model;
}

async function readTexts(
  source: ShapeSource,
  tensors: ReadonlyMap<string, TensorRef>,
  weights: WeightSource,
  folder: string,
): Promise<Model['textEncoders']> {
  const read = async (network: TextNetwork, suffix: '' | '_2'): Promise<TextEncoderFiles> => {
    const index = network === 'textEncoder' ? 0 : 1;
    const shape = textEncoderShape(diffusersTensors(network, tensors), index, source);
    const config = join(folder, `text_encoder${suffix}`, 'config.json');
    return {
      network,
      config: await readOptionalConfig(config, textEncoderConfigSchema, shape),
      weights,
      ...(await tokenizerOf(join(folder, `tokenizer${suffix}`), source.family, index)),
    };
  };
  const first = await read('textEncoder', '');
  return source.family.text.encoders.length === 1 ? [first] : [first, await read('textEncoder2', '_2')];
}

/** The one beside the file, or CLIP's, padded as the family's are. */
async function tokenizerOf(
  folder: string,
  { text }: ModelFamily,
  index: number,
): Promise<Pick<TextEncoderFiles, 'tokenizer' | 'padding'>> {
  if ((await missingTokenizerFiles(folder)).length === 0) return { tokenizer: folder };
  const padding = text.encoders[index]?.padding;
  return { tokenizer: CLIP_TOKENIZER, ...(padding !== undefined && { padding }) };
}
