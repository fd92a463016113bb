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
    ['café', 'a cafe\u0301 in Paris', 'café'],
    ['STRASSE', 'eine strasse', 'STRASSE'],
    ['кровь', 'красная КРОВЬ', 'кровь'],
    ['кровь', 'кровьевой', undefined],
    ['裸', '全裸の人', '裸'],
    ['เลือด', 'ภาพเลือดสด', 'เลือด'],
  ])('with “%s” finds in “%s”: %s', (entry, prompt, found) => {
    expect(findBlocked(prompt, [entry])).toBe(found);
  });

  it('finds an entry wherever words stand around it, and never inside a longer word', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(fc.array(word), word, fc.array(word), word, (before, entry, after, tail) => {
        expect(findBlocked([...before, entry, ...after].join(' '), [entry])).toBe(entry);
        const others = [...before, ...after].filter((other) => other !== entry);
        expect(findBlocked([...others, `${entry}${tail}`].join(' '), [entry])).toBe(undefined);
      }),
    );
  });

  it('is read from lines and commas, each entry once, and holds nothing empty', () => {
    expect(readBlockList('gore, dead   body\n gore ;!!!,,\tblood')).toEqual(['gore', 'dead body', 'blood']);
    expect(findBlocked('anything', readBlockList(' , \n'))).toBeUndefined();
  });
});
