import { EngineError } from '../errors.ts';
import type { GenerationSpec, PromptSyntax } from '../generation-spec.ts';
import { type LoraTag, readLoraTags } from '../lora/lora-tags.ts';
import { needsNegative, promptParts } from './composition.ts';
import { type EmphasisPart, parseEmphasis } from './emphasis.ts';
import { promptStages } from './prompt-editing.ts';

/** What CLIP's tokenizer is given up to and with one step. */
export interface ReadStage {
  /** Counted from 1. */
  readonly endStep: number;
  /** The very texts that are tokenized. Stages that read the same share one array. */
  readonly parts: readonly EmphasisPart[];
}

/** One of the prompts that AND joins, over the steps. */
export interface ReadPart {
  readonly weight: number;
  readonly stages: readonly ReadStage[];
}

/** The prompts of a spec as they are tokenized: without tags, brackets, weights and escapes. */
export interface ReadPrompts {
  readonly syntax: PromptSyntax;
  /** Never empty. */
  readonly parts: readonly ReadPart[];
  /** Undefined where the negative prompt has no part; see `needsNegative`. */
  readonly negative: readonly ReadStage[] | undefined;
  readonly loras: readonly LoraTag[];
}

/** A prompt that takes more forms over its steps than this is refused: each of them is read and checked. */
const MAX_FORMS = 64;

/**
 * The one way from a spec to the text that CLIP reads: for the engine, which tokenizes it, and for whoever judges or
 * charges it. It never throws.
 */
export function readPrompts(spec: Pick<GenerationSpec, 'prompt' | 'negative' | 'steps' | 'guidance' | 'syntax'>) {
  const { syntax = 'a1111', steps } = spec;
  const { text, loras } = readLoraTags(spec.prompt);
  const joined = syntax === 'plain' ? [{ text, weight: 1 }] : promptParts(text);
  const read: ReadPrompts = {
    syntax,
    parts: joined.map((part) => ({ weight: part.weight, stages: readStages(part.text, syntax, steps) })),
    negative: needsNegative(spec.guidance, joined.length) ? readStages(spec.negative, syntax, steps) : undefined,
    loras,
  };
  return read;
}

/** @param prompt without LoRA tags */
function readStages(prompt: string, syntax: PromptSyntax, steps: number): readonly ReadStage[] {
  if (syntax === 'plain') return [{ endStep: steps, parts: emphasisOf(prompt, syntax) }];
  const read = new Map<string, readonly EmphasisPart[]>();
  return promptStages(prompt, steps).map(({ endStep, text }) => {
    const parts = read.get(text) ?? emphasisOf(text, syntax);
    read.set(text, parts);
    return { endStep, parts };
  });
}

/** The texts of one form of a prompt, each with its weight. */
export function emphasisOf(text: string, syntax: PromptSyntax): readonly EmphasisPart[] {
  return syntax === 'a1111' ? parseEmphasis(text) : [{ kind: 'text', text, weight: 1 }];
}

/** The different readings of a prompt, in the order in which they first count. */
export function formsOf(stages: readonly ReadStage[]): readonly (readonly EmphasisPart[])[] {
  return [...new Set(stages.map(({ parts }) => parts))];
}

/** @throws EngineError `bad_request` for a prompt of more forms than `MAX_FORMS` */
export function checkForms({ parts, negative = [] }: ReadPrompts): void {
  const positive = parts.flatMap(({ stages }) => stages);
  for (const [what, stages] of [['prompt', positive] as const, ['negative prompt', negative] as const]) {
    const { length } = formsOf(stages);
    if (length <= MAX_FORMS) continue;
    throw new EngineError(
      'bad_request',
      `The ${what} has ${length} different variants over its steps, but the limit is ${MAX_FORMS}; use fewer alternations such as [a|b], with fewer words.`,
    );
  }
}
