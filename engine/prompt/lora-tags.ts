/** A LoRA that a prompt asks for. */
export interface LoraTag {
  readonly name: string;
  /** What the LoRA's change of the weights is multiplied with; negative turns it round. */
  readonly weight: number;
}

/** `<lora:NAME>` or `<lora:NAME:0.8>`, as AUTOMATIC1111 writes it. */
const TAG = /<lora:([^:<>]+)(?::\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*)?>/gi;
const DEFAULT_WEIGHT = 1;

/** Takes the LoRA tags out of a prompt: what is left is what CLIP reads. A tag that is not whole stays text. */
export function readLoraTags(prompt: string): { readonly text: string; readonly loras: readonly LoraTag[] } {
  const loras: LoraTag[] = [];
  const text = prompt.replace(TAG, (_tag, name: string, weight: string | undefined) => {
    loras.push({ name: name.trim(), weight: weight === undefined ? DEFAULT_WEIGHT : Number(weight) });
    return '';
  });
  return { text, loras };
}
