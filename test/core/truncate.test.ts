import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { truncate } from '../../src/core/truncate.ts';

const FAMILY = '👨‍👩‍👧‍👦';

describe('a long text', () => {
  it('ends with … and never within what a person sees as one character', () => {
    expect(truncate('a fox', 5)).toBe('a fox');
    expect(truncate('a fox in the snow', 8)).toBe('a fox i…');
    expect(truncate('a fox in', 7)).toBe('a fox…');
    expect(truncate(`fox ${FAMILY}${FAMILY}`, 17)).toBe(`fox ${FAMILY}…`);
    expect(truncate(`fox ${FAMILY}${FAMILY}`, 15)).toBe('fox…');
    expect(truncate('cafe\u0301s', 5)).toBe('caf…');
    expect(truncate('🇩🇪🇫🇷🇪🇸', 6)).toBe('🇩🇪…');
  });

  it('is whole or as long as it may be, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (value, length) => {
        const shown = truncate(value, length);
        expect(shown.length).toBeLessThanOrEqual(length);
        if (shown !== value) expect(value.startsWith(shown.slice(0, -1))).toBe(true);
        expect(shown).not.toMatch(/\p{Cs}/u);
      }),
    );
  });
});
