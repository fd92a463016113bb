const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * At most `length` UTF-16 units, which is what platforms count at most: whole when it fits, else with … at its end.
 * Never ends within what a person sees as one character, such as a family of emoji or a letter with its accents.
 */
export function truncate(value: string, length: number): string {
  if (value.length <= length) return value;
  let end = 0;
  // Only the beginning is looked at: a prompt may be long, and one character of it, too.
  for (const { index, segment } of graphemes.segment(value.slice(0, length + 1))) {
    if (index + segment.length > length - 1) break;
    end = index + segment.length;
  }
  return `${value.slice(0, end).trimEnd()}…`;
}
