/** What one tensor of a LoRA file is, by its name. */
export interface LoraTensorName {
  readonly network: 'unet' | 'textEncoder';
  /** The layer's diffusers name with `_` for `.`, as kohya's names have it: which underscores were dots is lost there. */
  readonly layer: string;
  readonly role: 'down' | 'up' | 'alpha';
}

const ROLES: readonly (readonly [RegExp, LoraTensorName['role']])[] = [
  [/\.lora_down\.weight$|\.lora_A(\.default)?\.weight$|(\.lora|_lora|\.lora_linear_layer)\.down\.weight$/, 'down'],
  [/\.lora_up\.weight$|\.lora_B(\.default)?\.weight$|(\.lora|_lora|\.lora_linear_layer)\.up\.weight$/, 'up'],
  [/\.alpha$/, 'alpha'],
];

const NETWORKS: readonly (readonly [RegExp, LoraTensorName['network']])[] = [
  [/^lora_unet_/, 'unet'],
  [/^lora_te1?_/, 'textEncoder'],
  [/^(base_model\.model\.)?unet\./, 'unet'],
  [/^(base_model\.model\.)?text_encoder\./, 'textEncoder'],
  // diffusers' `unet.save_attn_procs` and PEFT's `save_pretrained` name the network nowhere.
  [/^(base_model\.model\.)?(?=(down_blocks|mid_block|up_blocks|conv_in|conv_out|time_embedding)\.)/, 'unet'],
  [/^(base_model\.model\.)?(?=text_model\.)/, 'textEncoder'],
];

/** What diffusers' attention processors called the layers, and CLIP's layers there. */
const OLD_TEXT_LAYERS: Readonly<Record<string, string>> = {
  to_q: 'q_proj',
  to_k: 'k_proj',
  to_v: 'v_proj',
  to_out: 'out_proj',
};

/** kohya's, PEFT's and diffusers' older names; undefined for names of none of these kinds. */
export function readLoraName(name: string): LoraTensorName | undefined {
  const role = ROLES.find(([pattern]) => pattern.test(name));
  const network = NETWORKS.find(([pattern]) => pattern.test(name));
  if (role === undefined || network === undefined) return undefined;
  const module = name.replace(role[0], '').replace(network[0], '').replace('.processor', '');
  return { network: network[1], layer: layerKey(currentName(module, network[1])), role: role[1] };
}

/** A layer's name as LoRA files and graphs can be compared by. */
export function layerKey(name: string): string {
  return name.replaceAll('.', '_').replace(/^text_model_/, '');
}

function currentName(module: string, network: LoraTensorName['network']): string {
  if (network === 'textEncoder') {
    return module.replace(/(?<=\.self_attn\.)to_(q|k|v|out)$/, (old) => OLD_TEXT_LAYERS[old] ?? old);
  }
  return module.replace(/\.to_out$/, '.to_out.0');
}

/** Parts of other architectures that give their LoRAs away, with what people call them. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^lora_te2_|^text_encoder_2\.|^lora_unet_(input|output)_blocks_|add_embedding|label_emb/, 'Stable Diffusion XL'],
  [/joint_blocks|^lora_te3_|^text_encoder_3\./, 'Stable Diffusion 3'],
  [/double_(stream_)?blocks|single_(transformer_)?blocks/, 'Flux'],
  [/^(lora_)?transformer[._]/, 'transformer'],
];

/** Kinds of networks that are not a product of two thin matrices. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/\.hada_w/, 'LoHa'],
  [/\.lokr_w/, 'LoKr'],
  [/dora_scale|lora_magnitude_vector/, 'DoRA'],
  [/\.oft_/, 'OFT'],
  [/\.lora_mid\./, 'LoCon of the CP kind'],
  [/\.diff(_b)?$/, 'whole-weights'],
];

/** What a LoRA file is instead of one for the Stable Diffusion 1 family. */
export function foreignLora(names: Iterable<string>): { readonly architecture?: string; readonly kind?: string } {
  for (const name of names) {
    const architecture = FOREIGN.find(([pattern]) => pattern.test(name))?.[1];
    if (architecture !== undefined) return { architecture };
    const kind = OTHER_KINDS.find(([pattern]) => pattern.test(name))?.[1];
    if (kind !== undefined) return { kind };
  }
  return {};
}
