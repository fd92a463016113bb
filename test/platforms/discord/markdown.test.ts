import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { code, mention, type RichText, strong, text } from '../../../src/core/reply.ts';
import { renderLines } from '../../../src/platforms/discord/markdown.ts';
import { kindsIn, plainText } from '../../emulators/discord/page/markdown.ts';
import { createState } from '../../emulators/discord/state.ts';

const state = createState();
const ada = state.world.person('Ada');
const everyRole = state.world.role('everyone-else');

/** As another reader of Discord's markdown sees it. */
const read = (lines: readonly RichText[]) => {
  const content = renderLines(lines);
  return { content, kinds: kindsIn(content), text: plainText(content, state) };
};

const NASTY = [
  '*',
  '_',
  '~',
  '`',
  '|',
  '<',
  '>',
  '[',
  ']',
  '(',
  ')',
  ':',
  '/',
  '\\',
  '@',
  '#',
  '-',
  '+',
  '1',
  '.',
  ' ',
  'a',
  'B',
  '```',
  '**',
  '__',
  '||',
  '> ',
  '>>> ',
  '# ',
  '-# ',
  '- ',
  '1. ',
  '@everyone',
  '@here',
  `<@${ada.id}>`,
  `<@&${everyRole}>`,
  '<#123456789012345678>',
  '<t:0:R>',
  '<:smile:123456789012345678>',
  ':smile:',
  'https://a.example/b',
  '[a](https://b.example)',
  'discord.gg/abc',
  '</imagine:123456789012345678>',
  '<id:browse>',
  'é',
  '👩‍👩‍👧',
  '雪',
];
const nasty = fc.array(fc.constantFrom(...NASTY), { maxLength: 24 }).map((parts) => parts.join(''));

describe('text on Discord is safe', () => {
  it('whatever a prompt holds, it is text: no formatting, no mention, no link', () => {
    fc.assert(
      fc.property(nasty, (prompt) => {
        const { kinds, text: seen } = read([[text(prompt)]]);
        expect(kinds).toEqual([]);
        expect(seen).toBe(prompt);
      }),
      { numRuns: 2000 },
    );
  });

  it('a prompt in bold stays in bold, and ends where it ends', () => {
    fc.assert(
      fc.property(nasty, (prompt) => {
        const { kinds, text: seen } = read([
          [strong(`${prompt}x`), text(' – '), mention({ platform: 'discord', ...ada })],
        ]);
        expect(kinds).toEqual(['strong', 'user']);
        expect(seen).toBe(`${prompt}x – @Ada`);
      }),
      { numRuns: 1000 },
    );
  });

  it('what stands in code stays in code', () => {
    fc.assert(
      fc.property(nasty, (prompt) => {
        expect(read([[code(`a${prompt}b`), text(' c')]]).kinds).toEqual(['inlineCode']);
      }),
    );
  });

  it('lines of a prompt become one, and characters that nobody sees go', () => {
    expect(read([[text('a\n# b\r\n> c\u2028d')]]).text).toBe('a # b > c d');
    expect(read([[text('a\u202eb\u200bc\u0007d')]]).text).toBe('abcd');
  });

  it('is cut visibly at 2000, never within what a person sees as one character', () => {
    const family = '👩‍👩‍👧‍👦';
    fc.assert(
      fc.property(fc.integer({ min: 300, max: 4000 }), fc.constantFrom(family, 'é', '*', 'a'), (count, unit) => {
        const { content, text: seen } = read([[strong(unit.repeat(count)), text(' (50%)')], [text('seed 1')]]);
        expect(content.length).toBeLessThanOrEqual(2000);
        const [first = '', second] = seen.split('\n');
        expect(second).toBe('seed 1');
        const shown = first.replace(/(…)? \(50%\)$/, '');
        expect(shown.replaceAll(unit, '')).toBe('');
        expect(first.includes('…')).toBe(shown.length < unit.length * count);
      }),
      { numRuns: 40 },
    );
  });

  it('many long lines are cut in their spans first, then at their end', () => {
    const { content, text: seen } = read(Array.from({ length: 300 }, (_, line) => [text(`line ${line} of many`)]));
    expect(content.length).toBeLessThanOrEqual(2000);
    expect(seen.startsWith('line 0 of many\nline 1')).toBe(true);
    expect(seen.endsWith('…')).toBe(true);
  });
});
