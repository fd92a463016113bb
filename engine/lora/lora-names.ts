import { diffusersUnetName } from '../weights/checkpoint-names.ts';

/** The networks that a LoRA can change. */
export const LORA_NETWORKS = ['unet', 'textEncoder', 'textEncoder2'] as const;
export type LoraNetwork = (typeof LORA_NETWORKS)[number];

/** What one tensor of a LoRA file is, by its name. */
export interface LoraTensorName {
  readonly network: LoraNetwork;
  /** The layer's diffusers name with `_` for `.`, as kohya's names have it: which underscores were dots is lost there. */
  readonly layer: string;
  readonly role: LoraRole;
  /** Whether the layer is named as in CompVis' code. Of a file with both spellings, this one is a copy. */
  readonly isCompVis: boolean;
}

/** Which of the three tensors of a layer: W + (alpha / rank) · up · down. */
export type LoraRole = 'down' | 'up' | 'alpha';

const ROLES: readonly (readonly [RegExp, LoraRole])[] = [
  [/\.lora_down\.weight$|\.lora_A(\.[\w-]+)?\.weight$|(\.lora|_lora|\.lora_linear_layer)\.down\.weight$/, 'down'],
  [/\.lora_up\.weight$|\.lora_B(\.[\w-]+)?\.weight$|(\.lora|_lora|\.lora_linear_layer)\.up\.weight$/, 'up'],
  [/\.alpha$/, 'alpha'],
];

/** kohya's and LyCORIS' prefixes, diffusers' and PEFT's, and those of CompVis' code and ComfyUI. The first that fits. */
const NETWORKS: readonly (readonly [RegExp, LoraNetwork])[] = [
  [/^(lora|lycoris)_te2_/, 'textEncoder2'],
  [/^(base_model\.model\.)?text_encoder_2\./, 'textEncoder2'],
  [/^(text_encoders\.)?clip_g\.transformer\./, 'textEncoder2'],
  [/^(lora|lycoris)_te1?_/, 'textEncoder'],
  [/^lora_unet_|^lycoris_(unet_)?/, 'unet'],
  [/^(base_model\.model\.)?unet\./, 'unet'],
  [/^(base_model\.model\.)?text_encoder\./, 'textEncoder'],
  [/^(model\.)?diffusion_model\./, 'unet'],
  [/^cond_stage_model\.transformer\.|^(text_encoders\.)?clip_l\.transformer\./, 'textEncoder'],
  // diffusers' `unet.save_attn_procs` and PEFT's `save_pretrained` name the network nowhere.
  [
    /^(base_model\.model\.)?(?=(down_blocks|mid_block|up_blocks|conv_in|conv_out|time_embedding|add_embedding)\.)/,
    'unet',
  ],
  [/^(base_model\.model\.)?(?=(input_blocks|middle_block|output_blocks|time_embed|label_emb|out)\.)/, 'unet'],
  [/^(base_model\.model\.)?(?=(text_model|encoder)\.)/, 'textEncoder'],
];

/** What diffusers' attention processors called the layers, and CLIP's layers there. */
const OLD_TEXT_LAYERS: Readonly<Record<string, string>> = {
  to_q: 'q_proj',
  to_k: 'k_proj',
  to_v: 'v_proj',
  to_out: 'out_proj',
};

/**
 * kohya's, PEFT's, ComfyUI's and diffusers' older names; undefined for names of none of these kinds.
 * @param layersPerBlock resnets a level of the UNet, which the numbers of CompVis' blocks count through
 */
export function readLoraName(name: string, layersPerBlock: number): LoraTensorName | undefined {
  const role = loraRole(name);
  const network = NETWORKS.find(([pattern]) => pattern.test(name))?.[1];
  if (role === undefined || network === undefined) return undefined;
  const module = loraModule(name);
  const isCompVis = network === 'unet' && COMPVIS_LAYER.test(layerKey(module));
  return { network, layer: layerKey(currentName(module, network, layersPerBlock)), role, isCompVis };
}

/** Which part of a LoRA a tensor is; undefined for none. */
export function loraRole(name: string): LoraRole | undefined {
  return ROLES.find(([pattern]) => pattern.test(name))?.[1];
}

/** The layer that a tensor belongs to as the file spells it, without the prefix of its network. */
function loraModule(name: string): string {
  const role = ROLES.find(([pattern]) => pattern.test(name))?.[0];
  const prefix = NETWORKS.find(([pattern]) => pattern.test(name))?.[0];
  return name
    .replace(role ?? '', '')
    .replace(prefix ?? '', '')
    .replace('.processor', '');
}

/** A layer's name as LoRA files and graphs can be compared by. */
export function layerKey(name: string): string {
  return name.replaceAll('.', '_').replace(/^text_model_/, '');
}

function currentName(module: string, network: LoraNetwork, layersPerBlock: number): string {
  if (network !== 'unet') {
    return module.replace(/(?<=\.self_attn\.)to_(q|k|v|out)$/, (old) => OLD_TEXT_LAYERS[old] ?? old);
  }
  return diffusersLayer(layerKey(module), layersPerBlock) ?? module.replace(/\.to_out$/, '.to_out.0');
}

const COMPVIS_LAYER = /^(?:(input|output)_blocks_\d+_\d+|middle_block_\d+|time_embed_\d+|label_emb_\d+|out_\d+)(?=_|$)/;

/** A layer that is named as in CompVis' code, by diffusers' name; undefined for any other name. */
function diffusersLayer(key: string, layersPerBlock: number): string | undefined {
  const block = COMPVIS_LAYER.exec(key)?.[0];
  if (block === undefined) return undefined;
  // Back to the dots that the file may have lost: `input_blocks.1.0.in_layers.2.`
  const rest = key
    .slice(block.length)
    .replace(/^_/, '.')
    .replace(/^(\.(?:in|emb|out)_layers)_(\d+)$/, '$1.$2');
  const name = `${block.replace(/_(?=\d)/g, '.')}${rest}.`;
  return diffusersUnetName(name, layersPerBlock)?.replace(/\.$/, '');
}
