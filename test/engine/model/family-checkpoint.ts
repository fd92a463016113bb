import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StoredTensor, storedTensors } from './checkpoint-file.ts';

/** A tiny model of another family, in diffusers layout. */
export function familyModel(name: string): string {
  return join(fileURLToPath(new URL('../../fixtures/families/', import.meta.url)), name);
}

/**
 * The tensors of `folder` under the names that single files give them: CompVis' for the UNet and the VAE, OpenCLIP's for
 * the text encoder that has them. Written from the published files' lists of names, the other way round than Easel reads.
 */
export async function familyCheckpoint(name: 'tiny-xl' | 'tiny-xl-v' | 'tiny-v2'): Promise<Map<string, StoredTensor>> {
  const folder = familyModel(name);
  const config = JSON.parse(readFileSync(join(folder, 'unet/config.json'), 'utf8')) as { layers_per_block: number };
  const found = new Map<string, StoredTensor>();
  const add = async (file: string, prefix: string, rename: (name: string) => string) => {
    for (const [theirs, tensor] of await storedTensors(join(folder, file))) found.set(prefix + rename(theirs), tensor);
  };
  await add('unet/diffusion_pytorch_model.safetensors', 'model.diffusion_model.', (tensor) =>
    unetName(tensor, config.layers_per_block),
  );
  await add('vae/diffusion_pytorch_model.safetensors', 'first_stage_model.', vaeName);
  const isXl = name !== 'tiny-v2';
  if (isXl) await add('text_encoder/model.safetensors', 'conditioner.embedders.0.transformer.', (tensor) => tensor);
  const text = await storedTensors(join(folder, isXl ? 'text_encoder_2' : 'text_encoder', 'model.safetensors'));
  for (const [theirs, tensor] of openClip(text)) {
    found.set(`${isXl ? 'conditioner.embedders.1.model.' : 'cond_stage_model.model.'}${theirs}`, tensor);
  }
  return found;
}

function unetName(name: string, layers: number): string {
  const ends: readonly (readonly [string, string])[] = [
    ['time_embedding.linear_1.', 'time_embed.0.'],
    ['time_embedding.linear_2.', 'time_embed.2.'],
    ['add_embedding.linear_1.', 'label_emb.0.0.'],
    ['add_embedding.linear_2.', 'label_emb.0.2.'],
    ['conv_in.', 'input_blocks.0.0.'],
    ['conv_norm_out.', 'out.0.'],
    ['conv_out.', 'out.2.'],
  ];
  for (const [ours, theirs] of ends) if (name.startsWith(ours)) return theirs + name.slice(ours.length);
  const [, side = '', block = '0', kind = '', index = '0', rest = ''] =
    /^(down|up|mid)_blocks?(?:\.(\d+))?\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)$/.exec(name) ?? [];
  const [b, i] = [Number(block), Number(index)];
  const inner = kind === 'resnets' ? resnetName(rest) : rest;
  if (side === 'mid') return `middle_block.${kind === 'attentions' ? 1 : 2 * i}.${inner}`;
  if (side === 'down') {
    if (kind === 'downsamplers') return `input_blocks.${(b + 1) * (layers + 1)}.0.${rest.replace('conv.', 'op.')}`;
    return `input_blocks.${b * (layers + 1) + i + 1}.${kind === 'resnets' ? 0 : 1}.${inner}`;
  }
  const at = b * (layers + 1);
  // The upsampler is the last layer of the block's last entry, behind its attention where there is one.
  if (kind === 'upsamplers') return `output_blocks.${at + layers}.${upsamplerPlace}.${rest}`;
  return `output_blocks.${at + i}.${kind === 'resnets' ? 0 : 1}.${inner}`;
}

/** Up blocks that enlarge attend in all tiny models here. */
const upsamplerPlace = 2;

function resnetName(rest: string): string {
  const names: readonly (readonly [string, string])[] = [
    ['norm1.', 'in_layers.0.'],
    ['conv1.', 'in_layers.2.'],
    ['time_emb_proj.', 'emb_layers.1.'],
    ['norm2.', 'out_layers.0.'],
    ['conv2.', 'out_layers.3.'],
    ['conv_shortcut.', 'skip_connection.'],
  ];
  const [ours = '', theirs = ''] = names.find(([prefix]) => rest.startsWith(prefix)) ?? [];
  return theirs + rest.slice(ours.length);
}

const VAE_LEVELS = 4;

function vaeName(name: string): string {
  return name
    .replace(/\.conv_shortcut\./, '.nin_shortcut.')
    .replace(/^(encoder|decoder)\.conv_norm_out\./, '$1.norm_out.')
    .replace(/^encoder\.down_blocks\.(\d+)\.resnets\./, 'encoder.down.$1.block.')
    .replace(/^encoder\.down_blocks\.(\d+)\.downsamplers\.0\./, 'encoder.down.$1.downsample.')
    .replace(/^decoder\.up_blocks\.(\d+)\.resnets\./, (_, b) => `decoder.up.${VAE_LEVELS - 1 - Number(b)}.block.`)
    .replace(
      /^decoder\.up_blocks\.(\d+)\.upsamplers\.0\./,
      (_, b) => `decoder.up.${VAE_LEVELS - 1 - Number(b)}.upsample.`,
    )
    .replace(/\.mid_block\.resnets\.([01])\./, (_, i) => `.mid.block_${Number(i) + 1}.`)
    .replace(/\.mid_block\.attentions\.0\.(.+)$/, (_, rest: string) => {
      const parts: Readonly<Record<string, string>> = { group_norm: 'norm', to_q: 'q', to_k: 'k', to_v: 'v' };
      const [part = '', ...more] = rest.replace('to_out.0', 'proj_out').split('.');
      return `.mid.attn_1.${[parts[part] ?? part, ...more].join('.')}`;
    });
}

/** OpenCLIP's names: queries, keys and values in one tensor, the projection turned round. */
function openClip(tensors: ReadonlyMap<string, StoredTensor>): Map<string, StoredTensor> {
  const found = new Map<string, StoredTensor>();
  const plain: Readonly<Record<string, string>> = {
    'text_model.embeddings.token_embedding.weight': 'token_embedding.weight',
    'text_model.embeddings.position_embedding.weight': 'positional_embedding',
    'text_model.final_layer_norm.weight': 'ln_final.weight',
    'text_model.final_layer_norm.bias': 'ln_final.bias',
  };
  for (const [name, tensor] of tensors) {
    const elsewhere = plain[name];
    if (elsewhere !== undefined) found.set(elsewhere, tensor);
    else if (name === 'text_projection.weight') found.set('text_projection', transposed(tensor));
    else if (!/\.self_attn\.[kv]_proj\./.test(name)) {
      const theirs = name
        .replace('text_model.encoder.layers.', 'transformer.resblocks.')
        .replace('.layer_norm1.', '.ln_1.')
        .replace('.layer_norm2.', '.ln_2.')
        .replace('.self_attn.out_proj.', '.attn.out_proj.')
        .replace('.mlp.fc1.', '.mlp.c_fc.')
        .replace('.mlp.fc2.', '.mlp.c_proj.')
        .replace('.self_attn.q_proj.', '.attn.in_proj_');
      found.set(theirs, name.includes('.q_proj.') ? joined(tensors, name) : tensor);
    }
  }
  return found;
}

function joined(tensors: ReadonlyMap<string, StoredTensor>, queries: string): StoredTensor {
  const parts = ['q_proj', 'k_proj', 'v_proj'].map((part) => tensors.get(queries.replace('q_proj', part)));
  const [first] = parts;
  const [rows = 0, ...rest] = first?.shape ?? [];
  const bytes = Buffer.concat(parts.map((part) => part?.bytes ?? new Uint8Array()));
  return { dtype: first?.dtype ?? '', shape: [3 * rows, ...rest], bytes };
}

function transposed({ dtype, shape, bytes }: StoredTensor): StoredTensor {
  const [rows = 0, columns = 0] = shape;
  const halves = new Uint16Array(new Uint8Array(bytes).buffer);
  const turned = Uint16Array.from({ length: halves.length }, (_, i) => {
    const [column, row] = [Math.floor(i / rows), i % rows];
    return halves[row * columns + column] ?? 0;
  });
  return { dtype, shape: [columns, rows], bytes: new Uint8Array(turned.buffer) };
}
