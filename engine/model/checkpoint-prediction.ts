import type { ModelFamily } from '../families/model-family.ts';
import { SD2 } from '../families/sd2.ts';
import type { TensorRef } from '../weights/safetensors.ts';
import { readTensor } from '../weights/tensor-data.ts';

/** The first normalisation of an attention on the way up. */
const NORMALISATION = /^up_blocks\.\d+\.attentions\.\d+\.transformer_blocks\.0\.norm1\.bias$/;
/** In models of v-prediction the biases of the last one spread further (ComfyUI, supported_models.py). */
const V_DEVIATION = 0.09;
/** Side of the pictures of the models of Stable Diffusion 2 that predict noise, in latents. */
const NOISE_SAMPLE_SIZE = 64;

/** What of a model's training a single file tells by its weights alone, in the words of diffusers' configs. */
export interface TrainingHints {
  readonly scheduler: Readonly<Record<string, unknown>>;
  readonly unet: Readonly<Record<string, unknown>>;
}

/**
 * Stable Diffusion 2 was published for 768×768 pixels with v-prediction, and for 512×512 without: no key tells them apart.
 * @param unet tensors by diffusers' names
 */
export async function trainingHints(family: ModelFamily, unet: ReadonlyMap<string, TensorRef>): Promise<TrainingHints> {
  if (family !== SD2) return { scheduler: {}, unet: {} };
  const telling = lastNormalisation(unet);
  const isText2Image = unet.get('conv_in.weight')?.shape[1] === family.latents.rgb.length;
  const isV = isText2Image && telling !== undefined && deviation(await readTensor(telling)) > V_DEVIATION;
  return isV
    ? { scheduler: { prediction_type: 'v_prediction' }, unet: {} }
    : { scheduler: {}, unet: { sample_size: NOISE_SAMPLE_SIZE } };
}

function lastNormalisation(unet: ReadonlyMap<string, TensorRef>): TensorRef | undefined {
  const byNumber = new Intl.Collator('en', { numeric: true });
  const names = [...unet.keys()].filter((name) => NORMALISATION.test(name)).sort(byNumber.compare);
  return unet.get(names.at(-1) ?? '');
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
