import { describe, expect, it } from 'vitest';
import { code, sentence, text } from '../../src/core/reply.ts';

describe('a sentence for a person', () => {
  it('shows as code what stands between backticks', () => {
    expect(sentence('`--step` is not an option; did you mean `--steps`?')).toEqual([
      code('--step'),
      text(' is not an option; did you mean '),
      code('--steps'),
      text('?'),
    ]);
  });

  it('keeps every other character', () => {
    for (const value of ['plain', '``', 'a ` alone', '`', 'two `` together'])
      expect(sentence(value)).toEqual([text(value)]);
    expect(sentence('')).toEqual([]);
  });
});
