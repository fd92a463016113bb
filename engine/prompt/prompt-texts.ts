import type { GenerationSpec } from '../generation-spec.ts';
import { clipWords } from '../tokenizer/clip.ts';
import { learnedWordPattern } from '../tokenizer/learned-tokenizer.ts';
import { checkForms, formsOf, type ReadStage, readPrompts } from './read-prompts.ts';

/** What learned words stand for beside their names: the tokens that their files name, by word. */
export type LearnedTokens = Readonly<Record<string, readonly string[]>>;

/**
 * Every text that a spec's prompt is or becomes, for whoever judges words: as it stands; each form that CLIP's tokenizer
 * is given over the steps, with what brackets part written together, and as the words that CLIP parts it into; the names of its
 * LoRAs; and the tokens of the learned words in it. The negative prompt is not among them.
 * @throws EngineError `bad_request` for a prompt of more forms than are read
 */
export function promptTexts(spec: GenerationSpec, learned: LearnedTokens = {}): readonly string[] {
  const read = readPrompts({ ...spec, guidance: 1 });
  checkForms(read);
  const forms = read.parts.flatMap(({ stages }) => textsOf(stages));
  const names = Object.entries(learned).flatMap(([name, tokens]) => tokens.map((token) => [name, token] as const));
  const used = new Set(wordsIn(forms.flat(), names.flat()));
  return [
    spec.prompt,
    ...forms.map((texts) => texts.join('').replaceAll(BREAK, ' ')),
    ...forms.map((texts) => texts.flatMap(clipWords).join(' ')),
    ...read.loras.map(({ name }) => name),
    // A file is meant by its name and by its token: both count, whichever is written.
    ...names.filter((words) => words.some((word) => used.has(word))).flat(),
  ];
}

/** The learned words that the prompts of a spec use, of those named. */
export function wordsUsed(spec: GenerationSpec, names: readonly string[]): readonly string[] {
  const { parts, negative = [] } = readPrompts(spec);
  return wordsIn([...parts.map(({ stages }) => stages), negative].flatMap(textsOf).flat(), names);
}

/** No text can hold it: what is typed has no such character. */
const BREAK = '\u0000';

/** Of each form its texts, `BREAK` between chunks. */
function textsOf(stages: readonly ReadStage[]): readonly (readonly string[])[] {
  return formsOf(stages).map((parts) => parts.map((part) => (part.kind === 'break' ? BREAK : part.text)));
}

function wordsIn(texts: readonly string[], names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const pattern = learnedWordPattern(names);
  const used = new Set(
    texts.flatMap((text) => text.normalize('NFC').match(pattern) ?? []).map((word) => word.toLowerCase()),
  );
  return names.filter((name) => used.has(name.toLowerCase()));
}
