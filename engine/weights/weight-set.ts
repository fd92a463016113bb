import { displayPath } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import type { TensorRef } from './safetensors.ts';

/** Who says what a network's tensors should be: a config file, or, for single files, the family they belong to. */
export type ShapeAuthority = 'its config.json' | `a ${string} model` | 'an upscaler model';

/** One network's tensors by name, with the check that each has the shape its config asks for. */
export class WeightSet {
  readonly #tensors: ReadonlyMap<string, TensorRef>;
  readonly #file: string;
  readonly #authority: ShapeAuthority;

  constructor(tensors: ReadonlyMap<string, TensorRef>, file: string, authority: ShapeAuthority = 'its config.json') {
    this.#tensors = tensors;
    this.#file = file;
    this.#authority = authority;
  }

  /** Every tensor of the network, in the file's order. */
  all(): readonly TensorRef[] {
    return [...this.#tensors.values()];
  }

  /** Every tensor by the name that diffusers gives it. */
  entries(): readonly (readonly [name: string, tensor: TensorRef])[] {
    return [...this.#tensors];
  }

  /** Whether every number in it is stored in half precision; positions and other integers do not count. */
  get isHalf(): boolean {
    const floats = this.all().filter(({ dtype }) => dtype === 'F16' || dtype === 'F32' || dtype === 'BF16');
    return floats.length > 0 && floats.every(({ dtype }) => dtype === 'F16');
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /**
   * @param names published spellings of the same tensor, the current one first.
   * @throws EngineError `missing_file` when no spelling is there, `wrong_shape` when the size differs.
   */
  tensor(names: string | readonly string[], shape: readonly number[]): TensorRef {
    const spellings = typeof names === 'string' ? [names] : names;
    const found = spellings.map((name) => this.#tensors.get(name)).find((tensor) => tensor !== undefined);
    if (found === undefined) {
      throw new EngineError(
        'corrupt_file',
        `${displayPath(this.#file)} lacks the tensor "${spellings[0]}" that ${this.#authority} requires; ${this.#advice()}`,
        { file: this.#file, tensor: spellings[0] ?? '' },
      );
    }
    if (!sameShape(found.shape, shape)) {
      throw new EngineError(
        'wrong_shape',
        `Tensor "${found.name}" in ${displayPath(this.#file)} has shape [${found.shape}] where ${this.#authority} requires [${shape}]; ${this.#advice()}`,
        { file: this.#file, tensor: found.name, found: found.shape.join('×'), expected: shape.join('×') },
      );
    }
    if (found.dtype !== 'F32' && found.dtype !== 'F16' && found.dtype !== 'BF16') {
      throw new EngineError(
        'unsupported_model',
        `Tensor "${found.name}" in ${displayPath(this.#file)} is ${found.dtype}; Easel reads F32, F16 and BF16 weights.`,
        { file: this.#file, tensor: found.name, dtype: found.dtype },
      );
    }
    return found;
  }

  #advice(): string {
    return this.#authority === 'its config.json'
      ? 'the two do not belong together.'
      : 'it is incomplete, or of another family; use a whole Stable Diffusion checkpoint.';
  }
}

/** Equal but for sides of 1 at the end: a 1×1 convolution and a linear layer hold the same numbers. */
function sameShape(found: readonly number[], expected: readonly number[]): boolean {
  const trim = (shape: readonly number[]) => {
    let end = shape.length;
    while (end > 1 && shape[end - 1] === 1) end -= 1;
    return shape.slice(0, end);
  };
  const a = trim(found);
  const b = trim(expected);
  return a.length === b.length && a.every((side, i) => side === b[i]);
}
