const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Cut visibly, and never inside of what a person sees as one character. @param length UTF-16 units */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  let kept = '';
  for (const { segment } of graphemes.segment(text.slice(0, length))) {
    if (kept.length + segment.length + 1 > length) break;
    kept += segment;
  }
  return `${kept}…`;
}
