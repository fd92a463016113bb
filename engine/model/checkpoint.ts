import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { unsupportedModel } from '../families/other-architectures.ts';
import { SD1 } from '../families/sd1.ts';
import { schedulerConfigSchema } from '../schedulers/config.ts';
import { defaultSampler } from '../schedulers/default-sampler.ts';
import { missingTokenizerFiles } from '../tokenizer/tokenizer-files.ts';
import { partOf } from '../weights/checkpoint-names.ts';
import { type FileKind, fileKind } from '../weights/file-kind.ts';
import { pickleError } from '../weights/pickle.ts';
import { readSafetensors, type TensorRef } from '../weights/safetensors.ts';
import { diffusersTensors } from '../weights/weight-source.ts';
import { textEncoderShape, unetShape, vaeShape } from './checkpoint-shape.ts';
import { readCheckpointYaml } from './checkpoint-yaml.ts';
import { readOptionalConfig } from './config-file.ts';
import { recommendationSchema, textEncoderConfigSchema, unetConfigSchema, vaeConfigSchema } from './configs.ts';
import { checkFit, forLatents, type Model, vaeFactorOf } from './model.ts';
import { pickledVae, type SeparateVae, separateVae, separateVaeShape, VAE_ENDING } from './separate-vae.ts';

/** CLIP's vocabulary is the same in every Stable Diffusion 1 model; single files come without one. */
const CLIP_TOKENIZER = fileURLToPath(new URL('../../models/sketch/tokenizer', import.meta.url));

const AUTHORITY = 'a Stable Diffusion 1 model';

export interface CheckpointOptions {
  /** More folders of VAEs that may belong to it. */
  readonly vaeFolders?: readonly string[] | undefined;
}

/**
 * A single-file checkpoint. Sizes are read off its tensors; what they do not tell (heads, prediction type, scheduler)
 * is that of v1, or what stands in `NAME.yaml` or in diffusers' config files in the folder `NAME` beside it.
 * @throws EngineError when it is another kind of file or another architecture.
 */
export async function readCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Model> {
  const file = resolve(path);
  const tensors = await readSafetensors(file);
  refuseOtherKinds(file, fileKind(tensors.keys()));
  const separate = await separateVae(file, options.vaeFolders);
  refuseMissingParts(file, tensors, separate);

  const stem = file.replace(/\.safetensors$/i, '');
  const yaml = await readCheckpointYaml(`${stem}.yaml`);
  const config = (...names: string[]) => join(stem, ...names);
  const vae = await readOptionalConfig(config('vae', 'config.json'), vaeConfigSchema, {
    ...(separate.source === undefined
      ? vaeShape(diffusersTensors('vae', tensors), file)
      : await separateVaeShape(separate.source)),
    ...yaml.vae,
  });
  const schedulerFile = config('scheduler', 'scheduler_config.json');
  const scheduler = await readOptionalConfig(schedulerFile, schedulerConfigSchema, {
    ...SD1.scheduler,
    ...yaml.scheduler,
    // Some trainers mark their files by empty tensors of these names.
    ...(tensors.has('v_pred') && { prediction_type: 'v_prediction' }),
    ...(tensors.has('ztsnr') && { rescale_betas_zero_snr: true }),
  });
  const own = { file, authority: AUTHORITY } as const;
  const tokenizer = config('tokenizer');
  const model: Model = {
    id: basename(stem).normalize('NFC'),
    path: file,
    unet: await readOptionalConfig(config('unet', 'config.json'), unetConfigSchema, {
      ...unetShape(diffusersTensors('unet', tensors), file),
      ...yaml.unet,
    }),
    vae,
    textEncoder: await readOptionalConfig(
      config('text_encoder', 'config.json'),
      textEncoderConfigSchema,
      textEncoderShape(diffusersTensors('textEncoder', tensors), file),
    ),
    scheduler: forLatents(scheduler),
    sampler: defaultSampler(scheduler, schedulerFile),
    recommendation: await readOptionalConfig(config('easel.json'), recommendationSchema),
    weights: { unet: own, vae: separate.source ?? own, textEncoder: own },
    tokenizer: (await missingTokenizerFiles(tokenizer)).length === 0 ? tokenizer : CLIP_TOKENIZER,
    vaeFactor: vaeFactorOf(vae),
    ...(separate.pickle !== undefined && { notes: [pickledVae(separate.pickle, file)] }),
  };
  checkFit(model);
  return model;
}

/** A file without a text encoder or a VAE is not damaged: it was made to be used with others. */
function refuseMissingParts(file: string, tensors: ReadonlyMap<string, TensorRef>, separate: SeparateVae): void {
  const title = displayPath(file);
  const lack = (what: string) => new EngineError('unsupported_model', `${title} holds no ${what}`, { file });
  if (partOf(tensors, 'textEncoder').size === 0) {
    throw lack('text encoder (cond_stage_model); use a whole Stable Diffusion 1 checkpoint.');
  }
  if (separate.source !== undefined || partOf(tensors, 'vae').size > 0) return;
  if (separate.pickle !== undefined) {
    throw lack(`VAE, and ${pickleError(separate.pickle).message.replace(/\.$/, '')} (${vaeName(file)}).`);
  }
  throw lack(`VAE; put its VAE beside it, named ${vaeName(file)}.`);
}

function vaeName(file: string): string {
  return `${basename(file).replace(/\.safetensors$/i, '')}${VAE_ENDING}`;
}

function refuseOtherKinds(file: string, found: FileKind): void {
  const refuse = (what: string) =>
    new EngineError('unsupported_model', `${displayPath(file)} is ${what}`, { file, kind: found.kind });
  switch (found.kind) {
    case 'checkpoint':
      return;
    case 'foreign':
      throw unsupportedModel(file, found.title);
    case 'lora':
      throw refuse(
        'a LoRA, not a whole model; put it into a folder "Lora" beside the model and write <lora:NAME> in a prompt.',
      );
    case 'embedding':
      throw refuse('a textual inversion, not a whole model; put it into a folder "embeddings" beside the model.');
    case 'vae':
      throw refuse('a VAE, not a whole model; give it the name of its model, with the extension .vae.safetensors.');
    case 'unet':
      throw refuse('a UNet alone, without text encoder and VAE; use a whole Stable Diffusion 1 checkpoint.');
    case 'unknown':
      throw refuse('not a Stable Diffusion checkpoint that Easel knows; use a whole Stable Diffusion 1 model.');
  }
}
