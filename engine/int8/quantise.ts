/** Weights of one layer in 8 bits: weight[k][n] ≈ matrix[k][n] · scales[n]. */
export interface QuantisedMatrix {
  /** [inputs, outputs], row by row; −127…127. */
  readonly matrix: Int8Array;
  /** [outputs]. */
  readonly scales: Float32Array;
}

/** −128 is left out, so that the range is the same on both sides of 0. */
const LARGEST = 127;
/** Outputs that are transposed together: their rows stay in the processor's cache. */
const BLOCK = 32;

/**
 * Symmetric, with one scale for each output channel: its largest weight becomes 127.
 * @param weights [outputs, channels, kernel, kernel] as PyTorch stores a convolution; a linear layer has kernel 1.
 * @returns inputs in the order [kernel row, kernel column, channel], which is that of a convolution's patches in NHWC.
 * @throws RangeError for a weight that is not a finite number.
 */
export function quantise(weights: Float32Array, outputs: number, channels: number, kernel: number): QuantisedMatrix {
  const taps = kernel * kernel;
  const inputs = channels * taps;
  if (weights.length !== outputs * inputs) throw new RangeError('The weights do not have the shape of the layer.');
  const scales = scalesOf(weights, outputs, inputs);
  const matrix = new Int8Array(inputs * outputs);
  for (let block = 0; block < outputs; block += BLOCK) {
    const end = Math.min(block + BLOCK, outputs);
    for (let tap = 0; tap < taps; tap += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        const target = (tap * channels + channel) * outputs;
        const source = channel * taps + tap;
        for (let n = block; n < end; n += 1) {
          matrix[target + n] = nearest((weights[n * inputs + source] ?? 0) / (scales[n] ?? 1));
        }
      }
    }
  }
  return { matrix, scales };
}

/** 1 for a channel of zeros. */
function scalesOf(weights: Float32Array, outputs: number, inputs: number): Float32Array {
  const scales = new Float32Array(outputs);
  for (let n = 0; n < outputs; n += 1) {
    let largest = 0;
    for (let i = n * inputs; i < (n + 1) * inputs; i += 1) {
      const size = Math.abs(weights[i] ?? 0);
      if (!Number.isFinite(size)) throw new RangeError('A weight is not a finite number.');
      if (size > largest) largest = size;
    }
    scales[n] = largest === 0 ? 1 : largest / LARGEST;
  }
  return scales;
}

/** Halves go to the even neighbour, as ONNX Runtime rounds activations. */
function nearest(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  const rounded = rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
  return Math.max(-LARGEST, Math.min(LARGEST, rounded));
}
