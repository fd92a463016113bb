import { familyOfTextWidth } from '../families/families.ts';
import { SDXL } from '../families/sdxl.ts';
import { loraRole } from './lora-names.ts';

/** Parts of other architectures that give their LoRAs away, with what people call them. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/^lora_te2_|^text_encoder_2\.|clip_g\.|add_embedding|label_emb/, SDXL.title],
  [/joint_blocks|^lora_te3_|^text_encoder_3\./, 'Stable Diffusion 3'],
  [/double_(stream_)?blocks|single_(transformer_)?blocks/, 'Flux'],
  [/^(lora_)?transformer[._]/, 'transformer'],
];

/** Kinds of networks that are not a product of two thin matrices. Without these parts a picture would be another. */
const OTHER_KINDS: readonly (readonly [RegExp, string])[] = [
  [/\.hada_/, 'LoHa'],
  [/\.lokr_/, 'LoKr'],
  [/dora_scale|lora_magnitude_vector/, 'DoRA'],
  [/\.oft_|\.boft_/, 'OFT'],
  [/\.on_input$|\.ia3_l/, 'IA3'],
  [/\.[ab][12]\.weight$/, 'GLoRA'],
  [/vera_lambda/, 'VeRA'],
  [/\.lora_mid\./, 'CP LoCon'],
  [/\.lora_embedding_[AB]/, 'vocabulary LoRA'],
  [/\.lora_B(\.[\w-]+)?\.bias$/, 'LoRA with biases'],
  [/\.diff(_b)?$|\.set_weight$/, 'whole-weights'],
];

/**
 * What a LoRA file is instead of one that Easel reads for the model, as far as its tensors' names tell.
 * @param family title of the model's; undefined when any will do
 */
export function unsupportedLora(
  names: Iterable<string>,
  family: string | undefined,
): { readonly architecture?: string; readonly kind?: string } {
  for (const name of names) {
    const architecture = FOREIGN.find(([pattern]) => pattern.test(name))?.[1];
    const isOwn = architecture === SDXL.title && (family === undefined || family === architecture);
    if (architecture !== undefined && !isOwn) return { architecture };
    const kind = OTHER_KINDS.find(([pattern]) => pattern.test(name))?.[1];
    if (kind !== undefined) return { kind };
  }
  return {};
}

/** Width of the text that the UNet of Stable Diffusion XL's refiner attends to. */
const REFINER_WIDTH = 1280;

/** The family of a UNet that attends to text of this width, as people call it. */
function titleOf(width: number): string | undefined {
  return width === REFINER_WIDTH ? 'Stable Diffusion XL refiner' : familyOfTextWidth(width)?.title;
}

/**
 * What is wrong with a LoRA that was made for text of another width than the model's; undefined when nothing is. Names
 * do not tell: several families share them.
 */
export function familyConflict(loraWidth: number | undefined, modelWidth: number): string | undefined {
  if (loraWidth === undefined || loraWidth === modelWidth) return undefined;
  const family = titleOf(loraWidth);
  if (family === undefined) {
    return `is made for another architecture: it expects text embeddings of width ${loraWidth}, but this model's have ${modelWidth}.`;
  }
  return `is made for ${family} models; use one for ${titleOf(modelWidth) ?? `text of width ${modelWidth}`}.`;
}

const BUNDLED_WORD = /^bundle_emb\.(.{1,100}?)\./;
const NORM = /\.[wb]_norm$/;

/**
 * What a LoRA file holds beside the LoRA and is left out, a sentence each.
 * @param names of tensors that are no part of a LoRA
 */
export function passedOver(file: string, names: readonly string[]): readonly string[] {
  const words = [...new Set(names.flatMap((name) => BUNDLED_WORD.exec(name)?.[1] ?? []))];
  const norms = names.filter((name) => NORM.test(name));
  const others = names.filter((name) => !BUNDLED_WORD.test(name) && !NORM.test(name) && loraRole(name) !== 'alpha');
  const [other] = others;
  return [
    ...(words.length === 0
      ? []
      : [
          `The LoRA ${file} also holds ${count(words.length, 'textual inversion')} (${abridged(words)}), which Easel reads only from files in the folder "embeddings".`,
        ]),
    ...(norms.length === 0 ? [] : [`The LoRA ${file} also changes normalization layers, which Easel does not apply.`]),
    ...(other === undefined
      ? []
      : [
          `The LoRA ${file} also holds ${count(others.length, 'tensor')} that Easel does not know and skips, such as "${other}".`,
        ]),
  ];
}

const MAX_NAMED = 5;

function abridged(words: readonly string[]): string {
  const more = words.length - MAX_NAMED;
  return `${words.slice(0, MAX_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function count(number: number, what: string): string {
  return number === 1 ? `a ${what}` : `${number} ${what}s`;
}
