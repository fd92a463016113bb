import { describe, expect, it } from 'vitest';
import { formatDuration, formatOrdinal } from '../../src/core/format.ts';

describe('words', () => {
  it('counts places in a line', () => {
    const places = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 112];
    expect(places.map(formatOrdinal).join(' ')).toBe('1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th 112th');
  });

  it('tells durations as coarsely as an estimate deserves', () => {
    const durations = [0, 999, 9_400, 11_000, 40_000, 90_000, 91_000, 5_400_000, 5_500_000];
    expect(durations.map(formatDuration)).toEqual([
      '1 s',
      '1 s',
      '10 s',
      '15 s',
      '40 s',
      '90 s',
      '2 min',
      '90 min',
      '2 h',
    ]);
  });
});
