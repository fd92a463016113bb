import { undoEmojiCodes } from './emoji-codes.ts';

/** `<…>` as Slack writes what it has recognized in a text: links, people, channels, groups, dates. */
const RECOGNIZED = /<([^<>]*)>/g;
const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };
/** Spaces that phones and pasted text bring along. */
const ODD_SPACES = /[\u00a0\u2007\u202f]/g;

/**
 * A text of Slack's as the person typed it: links without brackets, mentions as `@name`, `&`, `<` and `>` themselves, and
 * emoji instead of their codes.
 */
export function unescapeText(text: string): string {
  const plain = text
    .replace(RECOGNIZED, (_, inside: string) => asTyped(inside))
    .replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(ODD_SPACES, ' ')
    .trim();
  return undoEmojiCodes(plain);
}

function asTyped(inside: string): string {
  const bar = inside.indexOf('|');
  const target = bar === -1 ? inside : inside.slice(0, bar);
  const label = bar === -1 ? undefined : inside.slice(bar + 1);
  switch (target.charAt(0)) {
    case '@':
      return prefixed('@', label ?? target.slice(1));
    case '#':
      return prefixed('#', label ?? target.slice(1));
    case '!':
      // `<!channel>`, `<!subteam^S1|@painters>`, `<!date^…|yesterday>`
      return label ?? prefixed('@', target.slice(1).split('^')[0] ?? '');
    default:
      return label ?? target;
  }
}

function prefixed(sign: string, name: string): string {
  return name.startsWith(sign) ? name : `${sign}${name}`;
}
