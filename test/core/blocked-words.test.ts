import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findBlocked, readBlockList } from '../../src/core/blocked-words.ts';

describe('a block list', () => {
  it.each([
    ['ass', 'a grass snake in a glass', undefined],
    ['ass', 'an Ass, braying', 'ass'],
    ['dead body', 'a dead-body  of water', 'dead body'],
    ['dead body', 'a dead bodyguard', undefined],
    ['dead body', 'a body, dead', undefined],
    ['gore', '(gore:1.3) in the rain', 'gore'],
    ['gore', 'g\u200bo\u00adre', 'gore'],
    ['gore', 'ｇｏｒｅ', 'gore'],
    ['gore', 'g\u0336o\u0336r\u0336e\u0336', 'gore'],
    ['gore', 'g\u3164o\u115fr\u034fe\ufe0f', 'gore'],
    ['gore', 'gore1 2gore', 'gore'],
    ['gore', 'góre', undefined],
    ['dead body', 'dead1body', undefined],
    ['dead body', 'dead 1 body', undefined],
    ['area 51', 'in area 51', 'area 51'],
    ['area 51', 'in area 512', undefined],
    ['18', 'the year 2018', undefined],
    ['café', 'a cafe\u0301 in Paris', 'café'],
    ['STRASSE', 'eine strasse', 'STRASSE'],
    ['кровь', 'красная КРОВЬ', 'кровь'],
    ['кровь', 'кровьевой', undefined],
    ['裸', '全裸の人', '裸'],
    ['เลือด', 'ภาพเลือดสด', 'เลือด'],
  ])('with “%s” finds in “%s”: %s', (entry, prompt, found) => {
    expect(findBlocked([prompt], [entry])).toBe(found);
  });

  it('finds an entry wherever words stand around it, and never inside a longer word', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(word), word, fc.array(word), word, (before, entry, after, tail) => {
        expect(findBlocked([[...before, entry, ...after].join(' ')], [entry])).toBe(entry);
        const others = [...before, ...after].filter((other) => other !== entry);
        expect(findBlocked([[...others, `${entry}${tail}`].join(' ')], [entry])).toBe(undefined);
      }),
    );
  });

  it('is found in any of many texts in time that their length allows', () => {
    const entries = Array.from({ length: 500 }, (_, i) => `word ${i} of many`);
    const texts = Array.from({ length: 64 }, (_, i) => `a ${i} ${'word 7 of few, '.repeat(200)}`);
    const began = performance.now();
    expect(findBlocked(texts, [...entries, 'gore'])).toBeUndefined();
    expect(findBlocked([...texts, 'GORE'], [...entries, 'gore'])).toBe('gore');
    expect(performance.now() - began).toBeLessThan(3000);
  });

  it('is read from lines and commas, each entry once, and holds nothing empty', () => {
    expect(readBlockList('gore, dead   body\n gore ;!!!,,\tblood')).toEqual(['gore', 'dead body', 'blood']);
    expect(findBlocked(['anything'], readBlockList(' , \n'))).toBeUndefined();
  });
});
