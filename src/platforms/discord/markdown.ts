import type { RichText, Span } from '../../core/reply.ts';

/** Discord counts 2000 characters of a message; UTF-16 units are never fewer than what it counts. */
const MAX_CONTENT_LENGTH = 2000;

/** Whatever begins markup, a mention, a timestamp, an emoji, a link or an invitation somewhere in a line. */
const MARKUP = /[\\*_~`|<>[\]:/@#]/g;
/** Lists and small print count only where a line begins. */
const LINE_START = /^(\s*)([-+]|\d+(?=[.)]))/;
/**
 * Control characters, and characters that nobody sees: those that turn the direction of what follows them, beyond the end
 * of the text they stand in, and those that hide in a word. Joiners stay, since emoji and scripts need them.
 */
const UNSEEN = /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu;
const LINE_BREAKS = /\s*[\n\r\u2028\u2029]\s*/g;
const USER_ID = /^\d{1,20}$/;
/** Graphemes that a span keeps at least while a longer one can still be cut. */
const SPAN_KEEPS = 16;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Text as Discord shows it: nothing in it formats, mentions, links or begins a new line. */
function escapeMarkdown(text: string): string {
  const escaped = oneLine(text).replace(MARKUP, '\\$&');
  return escaped.replace(LINE_START, (_, indent: string, mark: string) => {
    return /\d/.test(mark) ? `${indent}${mark}\\` : `${indent}\\${mark}`;
  });
}

interface Piece {
  readonly graphemes: readonly string[];
  readonly render: (text: string) => string;
  /** Graphemes that are shown. */
  kept: number;
}

/**
 * The lines in Discord's markup, in at most `limit` UTF-16 units: the longest spans are cut, visibly, until all fit; then
 * lines at the end go.
 */
export function renderLines(lines: readonly RichText[], limit = MAX_CONTENT_LENGTH): string {
  const pieces = lines.map((line) => line.map(toPiece));
  const render = () => pieces.map((line) => line.map(show).join('')).join('\n');
  const fits = () => render().length <= limit;
  const shrinkAll = (keep: number) => {
    const byLength = pieces.flat().toSorted((a, b) => show(b).length - show(a).length);
    for (const piece of byLength) if (!fits()) shrink(piece, keep, fits);
  };
  shrinkAll(SPAN_KEEPS);
  while (!fits() && pieces.length > 1) {
    pieces.pop();
    pieces.at(-1)?.push(toPiece({ kind: 'text', text: ' …' }));
  }
  shrinkAll(0);
  return render();
}

/** Keeps as much of the piece as fits, but never less than `keep` graphemes. */
function shrink(piece: Piece, keep: number, fits: () => boolean): void {
  let least = Math.min(keep, piece.kept);
  let most = piece.kept;
  while (least < most) {
    piece.kept = Math.ceil((least + most) / 2);
    if (fits()) least = piece.kept;
    else most = piece.kept - 1;
  }
  piece.kept = least;
}

function show({ graphemes, kept, render }: Piece): string {
  const text = kept < graphemes.length ? `${graphemes.slice(0, kept).join('')}…` : graphemes.join('');
  return text === '' ? '' : render(text);
}

function toPiece(span: Span): Piece {
  switch (span.kind) {
    case 'text':
      return pieceOf(span.text, escapeMarkdown);
    case 'strong':
      return pieceOf(span.text, (text) => `**${escapeMarkdown(text)}**`);
    case 'code':
      // Nothing is escaped between backticks, and nothing but a backtick ends them.
      return pieceOf(span.text.replaceAll('`', 'ˋ'), (text) => `\`${text}\``);
    case 'user': {
      const { platform, id, name } = span.user;
      if (platform !== 'discord' || !USER_ID.test(id)) return pieceOf(name, escapeMarkdown);
      return { graphemes: [`<@${id}>`], render: (text) => text, kept: 1 };
    }
  }
}

function pieceOf(text: string, render: (text: string) => string): Piece {
  const parts = Array.from(graphemes.segment(oneLine(text)), ({ segment }) => segment);
  return { graphemes: parts, render, kept: parts.length };
}

function oneLine(text: string): string {
  return text.replace(LINE_BREAKS, ' ').replaceAll('\t', ' ').replace(UNSEEN, '');
}
