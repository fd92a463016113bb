import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFormId, encodeFormId } from '../../src/core/form.ts';

describe('form ids', () => {
  it('come back as they were, with a picture or without', () => {
    const picture = { jobId: '0123456789abcdefghi', index: 3 };
    expect(decodeFormId(encodeFormId({ form: 'remix', picture }))).toEqual({ form: 'remix', picture });
    expect(decodeFormId(encodeFormId({ form: 'imagine' }))).toEqual({ form: 'imagine' });
  });

  it('are refused when they could not come back', () => {
    for (const form of ['', 'Remix', 'a:b', 'x'.repeat(31)]) expect(() => encodeFormId({ form })).toThrow(RangeError);
    expect(() => encodeFormId({ form: 'remix', picture: { jobId: 'A', index: 0 } })).toThrow(RangeError);
  });

  it('are not made of anything else', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        const subject = decodeFormId(id);
        if (subject !== undefined) expect(encodeFormId(subject)).toBe(id);
      }),
    );
  });
});
