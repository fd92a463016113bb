import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';

const MULTIPLE = 4;
/** The channels of a picture, which are right as they are. */
const COLOURS = 3;

/**
 * What a convolution takes, its input or its weight, with planes of zeros up to a multiple of 4 channels where it needs them:
 * ONNX Runtime's WebGPU convolves a multiple of 3 that is none of 4 wrongly, such as the 9 channels of inpainting models
 * (microsoft/onnxruntime issue 29651; measured with 1.30: off by as much as the numbers themselves).
 * @param value [batch or outputs, channels, height, width]
 */
export function evenChannels(g: GraphBuilder, value: Value, channels: number): Value {
  if (channels % 3 !== 0 || channels % MULTIPLE === 0 || channels === COLOURS) return value;
  const missing = MULTIPLE - (channels % MULTIPLE);
  return g.node('Pad', [value, g.ints([0, 0, 0, 0, 0, missing, 0, 0])]);
}
