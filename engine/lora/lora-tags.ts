import type { LoraNetwork } from './lora-names.ts';

/** What a LoRA's change of each network's weights is multiplied with: negative turns it round, 0 leaves it out. */
export interface LoraStrengths {
  readonly textEncoder: number;
  readonly unet: number;
}

/** How much of a LoRA one network gets: all text encoders the same. */
export function strengthIn(strengths: LoraStrengths, network: LoraNetwork): number {
  return network === 'unet' ? strengths.unet : strengths.textEncoder;
}

/** A LoRA that a prompt asks for. */
export interface LoraTag {
  readonly name: string;
  readonly strengths: LoraStrengths;
}

/** A prompt's tags, and what CLIP reads of it. */
export interface ReadTags {
  /** The prompt without the tags that Easel knows. */
  readonly text: string;
  readonly loras: readonly LoraTag[];
  /** A sentence for each tag that cannot be followed: the request is refused with the first. */
  readonly faults: readonly string[];
  /** Tags of kinds that Easel does not know, as written: they stay in the text. */
  readonly unknown: readonly string[];
}

/** `<kind:arguments>` of AUTOMATIC1111 (modules/extra_networks.py, `re_extra_net`). */
const TAG = /<([a-z]\w*):([^<>]*)>/gi;
/** `lyco` is what the LyCORIS extension called the same files. */
const LORA_KINDS = ['lora', 'lyco'];
/** Weights of their own kind, which Easel does not apply. */
const REFUSED_KINDS: Readonly<Record<string, string>> = {
  hypernet: 'hypernetwork',
  hypernetwork: 'hypernetwork',
};
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?$/i;
const DEFAULT_STRENGTH = 1;
/** Characters of a tag repeated in a sentence. */
const MAX_QUOTED = 60;

/**
 * Takes the LoRA tags out of a prompt, with the meaning that AUTOMATIC1111 gives them
 * (extensions-builtin/Lora/extra_networks_lora.py): `<lora:NAME>`, `<lora:NAME:0.8>` for both networks,
 * `<lora:NAME:0.8:0.5>` for the text encoder and the UNet, and the same by name, `te=0.8` and `unet=0.5`. The UNet's is
 * the text encoder's where it is not given.
 */
export function readLoraTags(prompt: string): ReadTags {
  const loras: LoraTag[] = [];
  const faults: string[] = [];
  const unknown: string[] = [];
  const text = prompt.replace(TAG, (tag, kind: string, args: string) => {
    const refused = REFUSED_KINDS[kind.toLowerCase()];
    if (refused !== undefined) {
      faults.push(`Easel does not support a ${refused}; remove ${quoted(tag)} from the prompt.`);
    } else if (LORA_KINDS.includes(kind.toLowerCase())) {
      const read = readLora(tag, args.split(':'));
      if (typeof read === 'string') faults.push(read);
      else loras.push(read);
    } else {
      unknown.push(quoted(tag));
      return tag;
    }
    return '';
  });
  return { text, loras, faults, unknown };
}

/** The tag in its shortest writing. */
export function formatLoraTag({ name, strengths: { textEncoder, unet } }: LoraTag): string {
  return textEncoder === unet ? `<lora:${name}:${unet}>` : `<lora:${name}:${textEncoder}:${unet}>`;
}

/** The LoRA, or a sentence that says what is wrong with the tag. */
function readLora(tag: string, [first = '', ...args]: readonly string[]): LoraTag | string {
  const name = first.trim();
  if (name === '') return `${quoted(tag)} names no LoRA; write it as <lora:NAME:0.8>.`;
  const positional = args.filter((arg) => !arg.includes('='));
  const named = new Map(args.filter((arg) => arg.includes('=')).map(splitNamed));
  const [foreign] = [...named.keys()].filter((key) => key !== 'te' && key !== 'unet');
  if (foreign !== undefined) {
    return `Easel does not know “${foreign.slice(0, MAX_QUOTED)}” in ${quoted(tag)}; a LoRA tag accepts only te= and unet=.`;
  }
  if (positional.length > 2) {
    return `${quoted(tag)} has more than two strengths; write <lora:NAME:0.8:0.5> for the text encoder and the UNet.`;
  }
  const textEncoder = readStrength(named.get('te') ?? positional[0], DEFAULT_STRENGTH);
  const unet = readStrength(named.get('unet') ?? positional[1], textEncoder);
  if (textEncoder === undefined || unet === undefined) {
    return `A strength in ${quoted(tag)} is not a number; write it as <lora:NAME:0.8>.`;
  }
  return { name, strengths: { textEncoder, unet } };
}

function splitNamed(arg: string): readonly [key: string, value: string] {
  const at = arg.indexOf('=');
  return [arg.slice(0, at).trim().toLowerCase(), arg.slice(at + 1)];
}

/** Undefined for what is not a number; a strength that is left out or empty is `absent`. */
function readStrength(written: string | undefined, absent: number | undefined): number | undefined {
  const typed = written?.trim() ?? '';
  if (typed === '') return absent;
  return NUMBER.test(typed) ? Number(typed) : undefined;
}

function quoted(tag: string): string {
  return tag.length <= MAX_QUOTED ? tag : `${tag.slice(0, MAX_QUOTED - 1)}…`;
}
