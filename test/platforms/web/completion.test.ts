import { describe, expect, it } from 'vitest';
import type { CommandDescription } from '../../../src/core/command.ts';
import { TEST_COMMANDS } from './test-commands.ts';

interface Completion {
  readonly from: number;
  readonly to: number;
  readonly items: readonly { readonly label: string; readonly insert: string }[];
  readonly hint: string;
}
interface CompletionModule {
  complete(text: string, caret: number, commands: readonly CommandDescription[]): Completion;
  accept(text: string, completion: Completion, item: Completion['items'][number]): { text: string; caret: number };
}
// The page is plain JavaScript, checked by its own tsconfig.
const page = new URL('../../../src/platforms/web/page/completion.js', import.meta.url).href;
const { complete, accept }: CompletionModule = await import(page);

/** `|` marks the caret. */
function at(marked: string): { text: string; completion: Completion } {
  const caret = marked.indexOf('|');
  const text = marked.replace('|', '');
  return { text, completion: complete(text, caret, TEST_COMMANDS) };
}
const labels = (marked: string) => at(marked).completion.items.map(({ label }) => label);
function taking(marked: string): string {
  const { text, completion } = at(marked);
  const [item] = completion.items;
  if (item === undefined) return marked;
  const taken = accept(text, completion, item);
  return `${taken.text.slice(0, taken.caret)}|${taken.text.slice(taken.caret)}`;
}

describe('completion', () => {
  it('offers the commands after a slash', () => {
    expect(labels('/|')).toEqual(['/imagine', '/queue', '/help']);
    expect(labels('/IM|')).toEqual(['/imagine']);
    expect(labels('/x|')).toEqual([]);
  });

  it('offers options after two dashes, by any of their names, each once', () => {
    expect(labels('/imagine a fox --|')).toEqual(['--negative', '--seed', '--steps', '--sampler', '--style']);
    expect(labels('/imagine a fox --s|')).toEqual(['--seed', '--steps', '--sampler', '--style']);
    expect(labels('/imagine a fox --no|')).toEqual(['--no']);
    expect(labels('/imagine a fox --seed 3 --s|')).toEqual(['--steps', '--sampler', '--style']);
    expect(labels('/imagine --no rain a fox --n|')).toEqual([]);
  });

  it('offers the values of a closed list, and says what others take', () => {
    expect(labels('/imagine a fox --sampler eu|')).toEqual(['euler', 'euler_a']);
    expect(at('/imagine a fox --steps |').completion.hint).toBe(
      '--steps 1–150: Denoising steps: more are slower and add detail',
    );
  });

  it('offers nothing in free text, outside commands and for unknown commands', () => {
    expect(labels('a fox|')).toEqual([]);
    expect(labels('/imagine a fo|x')).toEqual([]);
    expect(labels('/paint a fox --s|')).toEqual([]);
    expect(labels('/imagine well--known --seed 3 then|')).toEqual([]);
  });

  it('puts what was taken in the place of what was typed, wherever that is', () => {
    expect(taking('/im|')).toBe('/imagine |');
    expect(taking('/he|')).toBe('/help|');
    expect(taking('/im|ag a fox')).toBe('/imagine |a fox');
    expect(taking('/imagine a fox --se| --steps 4')).toBe('/imagine a fox --seed |--steps 4');
    expect(taking('/imagine --sampler eu| a fox')).toBe('/imagine --sampler euler |a fox');
  });
});
