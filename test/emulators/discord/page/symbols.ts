/** Discord draws emoji itself, with pictures; these few stand for them where no emoji font is installed. */
const SYMBOLS: Readonly<Record<string, string>> = {
  '🔄': '<path d="M5 9a8 8 0 0 1 13-3l2 2M20 3v5h-5M19 15a8 8 0 0 1-13 3l-2-2M4 21v-5h5"/>',
  '❌': '<path d="M5 5l14 14M19 5L5 19" stroke="#ff6b70" stroke-width="3.5"/>',
  '🗑': '<path d="M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v6M14 11v6"/>',
  '✏': '<path d="M4 20l1-5L16 4l4 4L9 19zM14 6l4 4" stroke="#ffcc4d"/>',
  '⭐': '<path d="M12 3l2.7 5.8 6.3.8-4.6 4.4 1.2 6.2L12 17.2 6.4 20.2l1.2-6.2L3 9.6l6.3-.8z" fill="#ffcc4d" stroke="none"/>',
  '📄': '<path d="M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6"/>',
  '⚠': '<path d="M12 4l9 16H3zM12 10v4M12 17v.5" stroke="#ffcc4d"/>',
};

/** Text of HTML with the emoji that are known as small drawings. */
export function withSymbols(html: string): string {
  return Object.entries(SYMBOLS).reduce((drawn, [emoji, paths]) => {
    const svg = `<svg class="emoji" viewBox="0 0 24 24" aria-label="${emoji}">${paths}</svg>`;
    // With or without the mark that asks for a picture; not within the label that was just written.
    return drawn.replaceAll(new RegExp(`(?<!")${emoji}\uFE0F?`, 'gu'), svg);
  }, html);
}
