import { EngineError } from '../errors.ts';
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { WeightSet } from '../weights/weight-set.ts';

/** What one place of the decoder's sequence is; its weights tell. */
type Layer = { readonly kind: 'conv'; readonly name: string } | { readonly kind: 'block'; readonly name: string };

/** diffusers writes `decoder.layers.0…`; the published file `1…`, its first place being the clamp. */
const SPELLINGS = [
  { pattern: /^decoder\.layers\.(\d+)\./, prefix: 'decoder.layers.', first: 0 },
  { pattern: /^(\d+)\./, prefix: '', first: 1 },
] as const;

/**
 * The Tiny AutoEncoder's decoder (Bohan, madebyollin/taesd; diffusers `AutoencoderTiny`), which shows latents almost as
 * the VAE does at a hundredth of its cost. latents float32 [batch, 4, h, w], in the UNet's scale → image [batch, 3, 8h,
 * 8w] in about −1…1. How deep and wide it is, its weights tell.
 * @throws EngineError `unsupported_model` when they are another network's
 */
export function taesdDecoderGraph(weights: WeightSet, file: string, target?: GraphTarget): Uint8Array {
  const g = new GraphBuilder('taesd_decoder', target);
  const layers = layersOf(weights, file);
  const channels = shapeOf(weights, layers[0], file)[1] ?? 0;
  const latents = g.floatInput('latents', ['batch', channels, 'height', 'width']);
  const three = g.floats([3], [1]);
  let x = g.node('Mul', [g.node('Tanh', [g.node('Div', [latents, three])]), three]);
  for (const [i, layer] of layers.entries()) {
    if (layer === undefined) {
      // The first gap is the activation after the first convolution, the others enlarge.
      x = i === 1 ? g.node('Relu', [x]) : enlarge(g, x);
    } else {
      x = layer.kind === 'conv' ? conv(g, weights, x, layer.name) : block(g, weights, x, layer.name);
    }
  }
  const image = g.node('Sub', [g.node('Mul', [x, g.floats([2], [1])]), g.floats([1], [1])]);
  g.output('image', image, ['batch', 3, 'height_out', 'width_out']);
  return g.build();
}

/** By place; undefined where nothing has weights. */
function layersOf(weights: WeightSet, file: string): readonly (Layer | undefined)[] {
  for (const { pattern, prefix, first } of SPELLINGS) {
    const layers: (Layer | undefined)[] = [];
    for (const { name } of weights.all()) {
      const place = Number(pattern.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(place) || place > MAX_PLACE) continue;
      const isBlock = name.startsWith(`${prefix}${place}.conv.`);
      layers[place - first] = { kind: isBlock ? 'block' : 'conv', name: `${prefix}${place}` };
    }
    if (layers.length > 0) return Array.from(layers);
  }
  throw notTaesd(file);
}

const MAX_PLACE = 99;

function block(g: GraphBuilder, weights: WeightSet, x: Value, name: string): Value {
  let inner = g.node('Relu', [conv(g, weights, x, `${name}.conv.0`)]);
  inner = g.node('Relu', [conv(g, weights, inner, `${name}.conv.2`)]);
  inner = conv(g, weights, inner, `${name}.conv.4`);
  return g.node('Relu', [g.node('Add', [inner, x])]);
}

function conv(g: GraphBuilder, weights: WeightSet, x: Value, name: string): Value {
  const weight = weights.all().find((ref) => ref.name === `${name}.weight`);
  const bias = weights.all().find((ref) => ref.name === `${name}.bias`);
  if (weight === undefined) throw new Error(`no tensor ${name}.weight`);
  const inputs = [x, g.weight(weight), ...(bias === undefined ? [] : [g.weight(bias)])];
  return g.node('Conv', inputs, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
}

function enlarge(g: GraphBuilder, x: Value): Value {
  const rule = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return g.node('Resize', [x, null, g.wideFloats([1, 1, 2, 2], [4])], rule);
}

function shapeOf(weights: WeightSet, layer: Layer | undefined, file: string): readonly number[] {
  const shape = weights.all().find(({ name }) => name === `${layer?.name}.weight`)?.shape;
  if (shape?.length !== 4) throw notTaesd(file);
  return shape;
}

function notTaesd(file: string): EngineError {
  return new EngineError(
    'unsupported_model',
    `${file} is not the decoder of a Tiny AutoEncoder (taesd); remove it, or replace it with taesd_decoder.safetensors.`,
    { file },
  );
}
