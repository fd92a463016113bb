import { readFields } from './parameter-fields.ts';

/** A `parameters` text apart: its words, and what its settings line says. */
export interface SplitText {
  readonly prompt: string;
  readonly negative: string;
  /** Empty where the text has no settings line. */
  readonly fields: ReadonlyMap<string, string>;
  /** Lines after the settings that nothing is known of. */
  readonly rest: readonly string[];
}

export const NEGATIVE = 'Negative prompt:';
/** A1111 takes a line for settings only from this many fields on; else it belongs to the prompt. */
const MIN_FIELDS = 3;
/** What extensions write after the settings: the prompt before its wildcards were replaced. */
const TEMPLATE = /^(?:Negative )?Template:/;

/** The settings are the last line that says `Steps:` among other fields: other programs write further lines after it. */
export function splitText(text: string): SplitText {
  const lines = text.trim().split('\n');
  const { at, fields } = findSettings(lines);
  const texts = lines.slice(0, at);
  const start = texts.findIndex((line) => line.trim().startsWith(NEGATIVE));
  const negativeLines = start === -1 ? [] : texts.slice(start);
  return {
    prompt: trimmedLines(start === -1 ? texts : texts.slice(0, start)),
    negative: trimmedLines(negativeLines).slice(NEGATIVE.length).trim(),
    fields,
    rest: restOf(lines.slice(at + 1)),
  };
}

function findSettings(lines: readonly string[]): { readonly at: number; readonly fields: ReadonlyMap<string, string> } {
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const line = lines[at] ?? '';
    const fields = line.includes('Steps:') ? readFields(line) : new Map<string, string>();
    if (fields.size >= MIN_FIELDS && fields.has('Steps')) return { at, fields };
  }
  return { at: lines.length, fields: new Map() };
}

/** A template may have several lines: what follows one belongs to it. */
function restOf(lines: readonly string[]): readonly string[] {
  const template = lines.findIndex((line) => TEMPLATE.test(line.trim()));
  return lines.slice(0, template === -1 ? lines.length : template).filter((line) => line.trim() !== '');
}

function trimmedLines(lines: readonly string[]): string {
  return lines.map((line) => line.trim()).join('\n');
}
