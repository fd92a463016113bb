import type { ModelFamily } from '../families/model-family.ts';
import { SD1 } from '../families/sd1.ts';
import { SD2 } from '../families/sd2.ts';
import { SDXL } from '../families/sdxl.ts';

/** What a safetensors file is for, told from its tensors' names alone. */
export type FileKind =
  /** Text encoders, UNet and VAE in one file. */
  | { readonly kind: 'checkpoint'; readonly family: ModelFamily }
  | { readonly kind: 'lora' }
  | { readonly kind: 'embedding' }
  | { readonly kind: 'vae' }
  | { readonly kind: 'unet' }
  /** A model of another architecture. @param title as people call it. */
  | { readonly kind: 'foreign'; readonly title: string }
  | { readonly kind: 'unknown' };

/** The first that some tensor's name matches; the most telling come first. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^control_model\.|^controlnet_(cond_embedding|blocks)\./, 'ControlNet'],
  [/^(image_proj|ip_adapter)\./, 'IP-Adapter'],
  [/distilled_guidance_layer\./, 'Chroma'],
  [/(double|single)_stream_modulation(_img|_txt)?\./, 'FLUX.2'],
  [/^(model\.diffusion_model\.)?joint_blocks\./, 'Stable Diffusion 3'],
  [/individual_token_refiner\./, 'HunyuanVideo'],
  [/^(model\.diffusion_model\.)?double_(stream_)?blocks\./, 'Flux'],
  [/transformer_blocks\.\d+\.(img|txt)_mod\./, 'Qwen-Image'],
  [/^(model\.diffusion_model\.)?(context|noise)_refiner\./, 'Z-Image or Lumina'],
  [/^(model\.diffusion_model\.)?blocks\.\d+\.cross_attn\.norm_k\./, 'Wan video'],
  [/^(model\.diffusion_model\.)?patchify_proj\./, 'LTX-Video'],
  [/^model\.diffusion_model\.\w+_blocks?\.[\d.]+\.(time_stack|time_mixer)\b/, 'Stable Video Diffusion'],
  // So it is spelled in VideoCrafter's code.
  [/\.(temopral|temporal)_conv\./, 'VideoCrafter'],
  [/motion_modules\./, 'AnimateDiff motion'],
  [/^edm_(mean|std|vpred)/, 'Playground 2.5'],
  [/^conditioner\.embedders\.0\.model\./, 'Stable Diffusion XL refiner'],
];

const LORA = /[._](lora[._]|lora_linear_layer\.)|^lora_|\.hada_w1|\.lokr_w|\.oft_(blocks|diag)|dora_scale/;
/** The vectors of a textual inversion: AUTOMATIC1111's name, the first and second text encoder's in SDXL files. */
const EMBEDDING = /^(emb_params|clip_l|clip_g)$/;

/** What a safetensors file is, by the names of its tensors. */
export function fileKind(names: Iterable<string>): FileKind {
  const all = [...names];
  const some = (pattern: RegExp) => all.some((name) => pattern.test(name));
  if (some(LORA)) return { kind: 'lora' };
  const foreign = FOREIGN.find(([pattern]) => some(pattern));
  if (foreign !== undefined) return { kind: 'foreign', title: foreign[1] };
  // Their UNets were made smaller by leaving layers out.
  if (some(/^conditioner\./) && some(/input_blocks\./) && !some(/middle_block\.1\./)) {
    return { kind: 'foreign', title: 'SSD-1B or Segmind Vega' };
  }
  if (some(/^model\.diffusion_model\.input_blocks\./)) return { kind: 'checkpoint', family: familyOf(some) };
  if (some(/^(first_stage_model\.)?(encoder|decoder)\.(down|up|mid|conv_in)/)) return { kind: 'vae' };
  if (some(/^(diffusion_model\.)?(input_blocks|down_blocks)\./)) return { kind: 'unet' };
  if (some(EMBEDDING) || (all.length === 1 && !(all[0] ?? '').includes('.'))) return { kind: 'embedding' };
  return { kind: 'unknown' };
}

/** By the names of its text encoders; one that has none is told by what its UNet is given. */
function familyOf(some: (pattern: RegExp) => boolean): ModelFamily {
  if (some(/^conditioner\.embedders\.|^model\.diffusion_model\.label_emb\./)) return SDXL;
  return some(/^cond_stage_model\.model\./) ? SD2 : SD1;
}
