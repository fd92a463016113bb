import type { Int8Weight, Int8Weights, LayerShape } from '../onnx/graph-target.ts';
import type { TensorRef } from '../weights/safetensors.ts';

/** A layer whose weight is to be quantised. */
export interface Int8Layer extends LayerShape {
  readonly weight: TensorRef;
}

/**
 * Layers that stay float32, by diffusers' names and by those of single files. The first and the last convolution read and
 * write latents, whose errors nothing mends; the time, the size of the picture and the pooled text steer every block.
 * Together they are less than 1 % of the work.
 */
const FLOAT32_LAYERS = [
  /(^|\.)(conv_in|conv_out|time_embedding|time_emb_proj|add_embedding|text_projection)\b/,
  /(^|\.)(input_blocks\.0\.0|time_embed|emb_layers|label_emb|diffusion_model\.out\.2)\./,
];

/** Writes nothing down in 8 bits, but notes which layers could be. */
export class Int8Survey implements Int8Weights {
  readonly #layers = new Map<string, Int8Layer>();

  get layers(): readonly Int8Layer[] {
    return [...this.#layers.values()];
  }

  of(weight: TensorRef, shape: LayerShape): undefined {
    if (!FLOAT32_LAYERS.some((pattern) => pattern.test(weight.name)))
      this.#layers.set(weight.name, { ...shape, weight });
  }
}

/** The tensors of a file that `writeInt8File` made. */
export class Int8File implements Int8Weights {
  readonly #tensors: ReadonlyMap<string, TensorRef>;

  constructor(tensors: ReadonlyMap<string, TensorRef>) {
    this.#tensors = tensors;
  }

  of({ name }: TensorRef): Int8Weight | undefined {
    const matrix = this.#tensors.get(matrixName(name));
    const scales = this.#tensors.get(scalesName(name));
    return matrix === undefined || scales === undefined ? undefined : { matrix, scales };
  }

  /** Whether it has each of these layers, in its shape. */
  hasAll(layers: readonly Int8Layer[]): boolean {
    return layers.every(({ weight, ...shape }) => {
      const found = this.of(weight);
      const [inputs, outputs] = found?.matrix.shape ?? [];
      return inputs === inputsOf(shape) && outputs === shape.outputs && found?.scales.length === 4 * shape.outputs;
    });
  }
}

/** Rows of the matrix of a layer: kernel · kernel · channels. */
export function inputsOf({ channels, kernel }: LayerShape): number {
  return channels * kernel * kernel;
}

/** Name of the int8 matrix in the cache's file, by the name of the published weight. */
export function matrixName(weight: string): string {
  return `${weight}.int8`;
}

/** Name of the float32 scales in the cache's file, by the name of the published weight. */
export function scalesName(weight: string): string {
  return `${weight}.scales`;
}
