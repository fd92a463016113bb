import type { TextEncoderConfig } from '../model/configs.ts';
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import type { GraphTarget, Precision } from '../onnx/graph-target.ts';
import { TRANSPOSED_PROJECTION } from '../weights/open-clip-names.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import type { AdapterSlots } from './adapter-slots.ts';
import { encoderLayer } from './clip-layer.ts';
import { Layers, type Tokens } from './layers.ts';

/** What a family of models takes from a text encoder. */
export interface TextEncoderForm {
  /** Whether the chosen layer goes through the final normalisation. */
  readonly isNormalised: boolean;
  /** Whether the text is wanted in one vector, too. */
  readonly pools: boolean;
}

/**
 * CLIP's text transformer (Radford et al. 2021; transformers `CLIPTextModel`, `CLIPTextModelWithProjection`).
 * input_ids int64 [batch, positions], learned float32 [rows, hidden], layer int64 [] → hidden_state float32 [batch,
 * positions, hidden]: what the layer of that number from 0 says. Ids past the vocabulary are rows of `learned`.
 * Where it pools: end int64 [1], the position of the end token → pooled float32 [batch, projection_dim]: what the last
 * layer says there, normalised and projected.
 */
export function textEncoderGraph(
  config: TextEncoderConfig,
  weights: WeightSet,
  { isNormalised, pools }: TextEncoderForm,
  target?: GraphTarget,
  adapters?: AdapterSlots,
): Uint8Array {
  const g = new GraphBuilder('text_encoder', target);
  const { hidden_size: hidden, max_position_embeddings: positions } = config;
  const ids = g.input('input_ids', 'int64', ['batch', positions]);
  const learned = g.floatInput('learned', ['rows', hidden]);
  const layer = g.input('layer', 'int64', []);
  const layers = new Layers(g, weights, ids, adapters);
  // Published files carry the prefix; transformers 5 saves without it.
  const prefix = weights.has('embeddings.token_embedding.weight') ? '' : 'text_model.';

  const table = layers.parameter(`${prefix}embeddings.token_embedding.weight`, [config.vocab_size, hidden]);
  const places = layers.parameter(`${prefix}embeddings.position_embedding.weight`, [positions, hidden]);
  const embedded = g.node('Add', [embedTokens(g, ids, table, learned, config.vocab_size), places]);

  let x = layers.flatten(embedded, hidden);
  const mask = causalMask(g, positions, config.num_attention_heads);
  const states: Value[] = [];
  for (let i = 0; i < config.num_hidden_layers; i += 1) {
    x = encoderLayer(layers, x, `${prefix}encoder.layers.${i}`, config, mask);
    states.push(g.node('Unsqueeze', [x.value, g.ints([0])]));
  }
  const chosen = g.node('Gather', [g.node('Concat', states, { axis: 0 }), layer], { axis: 0 });
  const normalise = (tokens: Tokens) => layers.layerNorm(tokens, `${prefix}final_layer_norm`, config.layer_norm_eps);
  const said = { ...x, value: chosen };
  g.output('hidden_state', layers.batched(isNormalised ? normalise(said) : said), ['batch', positions, hidden]);
  if (pools) {
    const end = g.input('end', 'int64', [1]);
    const pooled = project(layers, g.node('Gather', [layers.batched(normalise(x)), end], { axis: 1 }), config);
    g.output('pooled', pooled, ['batch', config.projection_dim]);
  }
  return g.build();
}

/** [batch, 1, hidden] → [batch, projection_dim]. */
function project(
  layers: Layers,
  rows: Value,
  { hidden_size: hidden, projection_dim: width }: TextEncoderConfig,
): Value {
  const flat = layers.flatten(rows, hidden);
  if (!layers.weights.has(TRANSPOSED_PROJECTION)) {
    return layers.linear(flat, 'text_projection', width, { bias: false }).value;
  }
  return layers.g.node('Gemm', [flat.value, layers.parameter(TRANSPOSED_PROJECTION, [hidden, width])]);
}

function embedTokens(g: GraphBuilder, ids: Value, table: Value, learned: Value, vocabulary: number): Value {
  const isLearned = g.node('GreaterOrEqual', [ids, g.ints([vocabulary])]);
  const zero = g.ints([0]);
  const known = g.node('Gather', [table, g.node('Where', [isLearned, zero, ids])]);
  const row = g.node('Where', [isLearned, g.node('Sub', [ids, g.ints([vocabulary])]), zero]);
  return g.node('Where', [g.node('Unsqueeze', [isLearned, g.ints([-1])]), g.node('Gather', [learned, row]), known]);
}

/** The most negative finite number of each precision. */
const LEAST: Readonly<Record<Precision, number>> = { float32: -3.4028235e38, float16: -65504 };

/** [1, heads, n, n], added to the scores: a token sees itself and those before it. DirectML asks for one for each head. */
function causalMask(g: GraphBuilder, n: number, heads: number): Value {
  const mask = new Float32Array(heads * n * n);
  for (let row = 0; row < heads * n; row += 1) {
    mask.fill(LEAST[g.target.precision], row * n + (row % n) + 1, (row + 1) * n);
  }
  return g.floats(mask, [1, heads, n, n]);
}
