import type { TensorRef } from './safetensors.ts';

/**
 * OpenCLIP's text transformer in transformers' names: single files carry it so, Stable Diffusion 2's and the second one
 * of XL. The correspondence is that of diffusers' `convert_open_clip_checkpoint`.
 */

/** OpenCLIP stores the projection of the pooled text as [in, out], transformers as [out, in]. */
export const TRANSPOSED_PROJECTION = 'text_projection.transposed';

const LAYER = /^transformer\.resblocks\.(\d+)\.(.+)$/;
const IN_LAYER: readonly (readonly [string, string])[] = [
  ['ln_1.', 'layer_norm1.'],
  ['ln_2.', 'layer_norm2.'],
  ['attn.out_proj.', 'self_attn.out_proj.'],
  ['mlp.c_fc.', 'mlp.fc1.'],
  ['mlp.c_proj.', 'mlp.fc2.'],
];
const ELSEWHERE: Readonly<Record<string, string>> = {
  'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
  positional_embedding: 'text_model.embeddings.position_embedding.weight',
  'ln_final.weight': 'text_model.final_layer_norm.weight',
  'ln_final.bias': 'text_model.final_layer_norm.bias',
  text_projection: TRANSPOSED_PROJECTION,
};

/** Whether the names are OpenCLIP's. */
export function isOpenClip(names: Iterable<string>): boolean {
  for (const name of names) if (LAYER.test(name)) return true;
  return false;
}

/** The same tensors by transformers' names; what has none is left out. */
export function fromOpenClip(tensors: ReadonlyMap<string, TensorRef>): ReadonlyMap<string, TensorRef> {
  const renamed = new Map<string, TensorRef>();
  for (const [name, tensor] of tensors) {
    const elsewhere = ELSEWHERE[name];
    if (elsewhere !== undefined) {
      renamed.set(elsewhere, tensor);
      continue;
    }
    const [, index, rest = ''] = LAYER.exec(name) ?? [];
    if (index === undefined) continue;
    const layer = `text_model.encoder.layers.${index}`;
    const joined = /^attn\.in_proj_(weight|bias)$/.exec(rest)?.[1];
    if (joined !== undefined) {
      for (const [part, projection] of thirds(tensor)) renamed.set(`${layer}.self_attn.${part}.${joined}`, projection);
      continue;
    }
    const found = IN_LAYER.find(([theirs]) => rest.startsWith(theirs));
    if (found !== undefined) renamed.set(`${layer}.${found[1]}${rest.slice(found[0].length)}`, tensor);
  }
  return renamed;
}

const PROJECTIONS = ['q_proj', 'k_proj', 'v_proj'] as const;

/** The rows of queries, keys and values, which lie one after the other in one tensor: no byte is copied. */
function thirds(tensor: TensorRef): readonly (readonly [string, TensorRef])[] {
  const [rows = 0, ...rest] = tensor.shape;
  if (rows % PROJECTIONS.length !== 0) return [];
  const length = tensor.length / PROJECTIONS.length;
  return PROJECTIONS.map((part, i) => [
    part,
    {
      ...tensor,
      name: `${tensor.name}.${part}`,
      shape: [rows / PROJECTIONS.length, ...rest],
      offset: tensor.offset + i * length,
      length,
    },
  ]);
}
