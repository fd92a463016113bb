import type { types } from '@slack/bolt';
import type { RichText, Span } from '../../core/reply.ts';
import { truncate } from '../../core/truncate.ts';

/** UTF-16 units of a whole message; Slack refuses blocks of somewhat more (`msg_blocks_too_long`). */
const MAX_LENGTH = 10_000;
/** Units that a span keeps at least while a longer one can still be cut. */
const SPAN_KEEPS = 16;
/** Characters that turn the direction of what follows them, beyond the end of the text they stand in. */
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;
const LINE_BREAKS = /\s*[\n\r\u2028\u2029]\s*/g;
const USER_ID = /^[UW][A-Z0-9]{1,30}$/;

/**
 * The lines as a `rich_text` block, a section each. What stands in it is never read as markup, so nothing in a prompt
 * formats, links or mentions. Too long a text loses the ends of its longest spans, visibly. Undefined for no text.
 */
export function renderLines(lines: readonly RichText[]): types.RichTextBlock | undefined {
  const elements = fitLines(lines).map((line): types.RichTextSection => {
    const spans = line.flatMap(renderSpan);
    // Slack takes no empty section, and an empty line is still a line.
    return { type: 'rich_text_section', elements: spans.length > 0 ? spans : [{ type: 'text', text: ' ' }] };
  });
  return elements.length === 0 ? undefined : { type: 'rich_text', elements };
}

/** The same as plain text for notifications and screen readers; escaped, so that it mentions nobody either. */
export function renderFallback(lines: readonly RichText[]): string {
  return escapeText(fitLines(lines).map(renderPlain).join('\n'));
}

/** A line's words alone, for where Slack reads no markup. */
export function renderPlain(line: RichText): string {
  return line.map((span) => (span.kind === 'user' ? span.user.name : span.text)).join('');
}

/** Text for the places where Slack reads markup. @see https://docs.slack.dev/messaging/formatting-message-text */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function renderSpan(span: Span): types.RichTextElement[] {
  switch (span.kind) {
    case 'text':
      return plain(span.text, undefined);
    case 'strong':
      return plain(span.text, { bold: true });
    case 'code':
      return plain(span.text, { code: true });
    case 'user': {
      const { platform, id, name } = span.user;
      return platform === 'slack' && USER_ID.test(id) ? [{ type: 'user', user_id: id }] : plain(name, undefined);
    }
  }
}

function plain(text: string, style: types.RichTextText['style']): types.RichTextElement[] {
  return text === '' ? [] : [{ type: 'text', text, ...(style !== undefined && { style }) }];
}

/** Every span on one line, and all of them within `MAX_LENGTH`. */
function fitLines(lines: readonly RichText[]): Span[][] {
  const fitted = lines.map((line) => line.map(onOneLine));
  const excess = () => fitted.flat().reduce((sum, span) => sum + lengthOf(span), fitted.length) - MAX_LENGTH;
  const cutLongest = (keep: number) => {
    for (;;) {
      const over = excess();
      if (over <= 0) return;
      const all = fitted.flatMap((line, row) => line.map((span, column) => ({ span, row, column })));
      const longest = all.reduce((a, b) => (lengthOf(b.span) > lengthOf(a.span) ? b : a));
      const length = lengthOf(longest.span);
      if (length <= keep || longest.span.kind === 'user') return;
      const text = truncate(longest.span.text, Math.max(keep, length - over));
      fitted[longest.row]?.splice(longest.column, 1, { ...longest.span, text });
    }
  };
  cutLongest(SPAN_KEEPS);
  while (excess() > 0 && fitted.length > 1) fitted.pop();
  cutLongest(1);
  return fitted;
}

function onOneLine(span: Span): Span {
  if (span.kind === 'user') return span;
  return { ...span, text: span.text.replace(DIRECTIONS, '').replace(LINE_BREAKS, ' ') };
}

function lengthOf(span: Span): number {
  return span.kind === 'user' ? span.user.name.length : span.text.length;
}
