/**
 * Tensor names of single-file checkpoints (CompVis' latent-diffusion code, and what is shared as one `.safetensors`)
 * in diffusers' spelling. The correspondence is the one of diffusers `loaders/single_file_utils.py`.
 */

/** The networks of a checkpoint. */
export type CheckpointPart = 'unet' | 'vae' | TextNetwork;
/** The text encoders of a model, in order. */
export type TextNetwork = 'textEncoder' | 'textEncoder2';

/** Of the families that Easel knows; a file has one of them. */
const PREFIXES: Readonly<Record<CheckpointPart, readonly string[]>> = {
  unet: ['model.diffusion_model.'],
  vae: ['first_stage_model.'],
  textEncoder: ['cond_stage_model.transformer.', 'cond_stage_model.model.', 'conditioner.embedders.0.transformer.'],
  textEncoder2: ['conditioner.embedders.1.model.'],
};

/** One network's tensors by their names without the part's prefix. */
export function partOf<T>(tensors: ReadonlyMap<string, T>, part: CheckpointPart): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const [name, tensor] of tensors) {
    const prefix = PREFIXES[part].find((candidate) => name.startsWith(candidate));
    if (prefix !== undefined) found.set(name.slice(prefix.length), tensor);
  }
  return found;
}

/** The same tensors under diffusers' names; what has none (EMA copies, buffers) is left out. */
export function renameTensors<T>(
  tensors: ReadonlyMap<string, T>,
  rename: (name: string) => string | undefined,
): ReadonlyMap<string, T> {
  const renamed = new Map<string, T>();
  for (const [name, tensor] of tensors) {
    const diffusersName = rename(name);
    if (diffusersName !== undefined) renamed.set(diffusersName, tensor);
  }
  return renamed;
}

const UNET_ENDS: readonly (readonly [string, string])[] = [
  ['time_embed.0.', 'time_embedding.linear_1.'],
  ['time_embed.2.', 'time_embedding.linear_2.'],
  ['label_emb.0.0.', 'add_embedding.linear_1.'],
  ['label_emb.0.2.', 'add_embedding.linear_2.'],
  ['input_blocks.0.0.', 'conv_in.'],
  ['out.0.', 'conv_norm_out.'],
  ['out.2.', 'conv_out.'],
];

const RESNET_LAYERS: readonly (readonly [string, string])[] = [
  ['in_layers.0.', 'norm1.'],
  ['in_layers.2.', 'conv1.'],
  ['emb_layers.1.', 'time_emb_proj.'],
  ['out_layers.0.', 'norm2.'],
  ['out_layers.3.', 'conv2.'],
  ['skip_connection.', 'conv_shortcut.'],
];

/** Resnets of a level, which the numbers of a checkpoint's blocks count through; undefined when it has no levels. */
export function layersPerBlock(names: Iterable<string>): number | undefined {
  const downsamplers: number[] = [];
  for (const name of names) {
    const index = /^input_blocks\.(\d+)\.0\.op\./.exec(name)?.[1];
    if (index !== undefined) downsamplers.push(Number(index));
  }
  return downsamplers.length === 0 ? undefined : Math.min(...downsamplers) - 1;
}

/** @param layers resnets a level, see `layersPerBlock`. */
export function diffusersUnetName(name: string, layers: number): string | undefined {
  const end = UNET_ENDS.find(([prefix]) => name.startsWith(prefix));
  if (end !== undefined) return end[1] + name.slice(end[0].length);
  const [, side, first = '', second, rest = ''] =
    /^(input_blocks|middle_block|output_blocks)\.(\d+)\.(?:(\d+)\.)?(.+)$/.exec(name) ?? [];
  const index = Number(first);
  switch (side) {
    case 'input_blocks': {
      const block = `down_blocks.${Math.floor((index - 1) / (layers + 1))}`;
      if (rest.startsWith('op.')) return `${block}.downsamplers.0.conv.${rest.slice('op.'.length)}`;
      return layerName(block, (index - 1) % (layers + 1), second, rest);
    }
    case 'middle_block':
      return layerName('mid_block', index === 2 ? 1 : 0, index === 1 ? '1' : '0', rest);
    case 'output_blocks': {
      const block = `up_blocks.${Math.floor(index / (layers + 1))}`;
      if (rest.startsWith('conv.')) return `${block}.upsamplers.0.${rest}`;
      return layerName(block, index % (layers + 1), second, rest);
    }
    default:
      return undefined;
  }
}

/** The first layer of a block is a resnet, the second a transformer, whose inner names are diffusers' already. */
function layerName(block: string, index: number, layer: string | undefined, rest: string): string {
  if (layer !== '0') return `${block}.attentions.${index}.${rest}`;
  const [from, to] = RESNET_LAYERS.find(([prefix]) => rest.startsWith(prefix)) ?? ['', ''];
  return `${block}.resnets.${index}.${to}${rest.slice(from.length)}`;
}

/** Levels of a checkpoint's decoder, which it numbers from the other end. */
export function vaeLevels(names: Iterable<string>): number {
  let levels = 0;
  for (const name of names) {
    const level = /^(?:decoder\.up|encoder\.down)\.(\d+)\./.exec(name)?.[1];
    if (level !== undefined) levels = Math.max(levels, Number(level) + 1);
  }
  return levels;
}

const VAE_ATTENTION: readonly (readonly [string, string])[] = [
  ['norm.', 'group_norm.'],
  ['q.', 'to_q.'],
  ['k.', 'to_k.'],
  ['v.', 'to_v.'],
  ['proj_out.', 'to_out.0.'],
];

/** Leaves names in diffusers' spelling as they are: separate VAE files come in either. */
export function diffusersVaeName(name: string, levels: number): string {
  return name
    .replace('nin_shortcut.', 'conv_shortcut.')
    .replace(/^(encoder|decoder)\.norm_out\./, '$1.conv_norm_out.')
    .replace(/^encoder\.down\.(\d+)\.block\./, 'encoder.down_blocks.$1.resnets.')
    .replace(/^encoder\.down\.(\d+)\.downsample\./, 'encoder.down_blocks.$1.downsamplers.0.')
    .replace(/^decoder\.up\.(\d+)\.block\./, (_, level) => `decoder.up_blocks.${levels - 1 - Number(level)}.resnets.`)
    .replace(
      /^decoder\.up\.(\d+)\.upsample\./,
      (_, level) => `decoder.up_blocks.${levels - 1 - Number(level)}.upsamplers.0.`,
    )
    .replace(/\.mid\.block_([12])\./, (_, block) => `.mid_block.resnets.${Number(block) - 1}.`)
    .replace(/\.mid\.attn_1\.(.+)$/, (_, rest: string) => {
      const [from, to] = VAE_ATTENTION.find(([prefix]) => rest.startsWith(prefix)) ?? ['', ''];
      return `.mid_block.attentions.0.${to}${rest.slice(from.length)}`;
    });
}
