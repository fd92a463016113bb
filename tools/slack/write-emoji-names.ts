/**
 * Writes src/platforms/slack/emoji-names.json: the characters behind Slack's emoji codes. The codes are those of
 * github.com/iamcal/emoji-data, which Slack uses; emojibase-data (MIT) carries them in a small file.
 *
 *     npm pack emojibase-data@17.0.0 && tar xzf emojibase-data-17.0.0.tgz package/en/shortcodes/iamcal.json
 *     npx tsx tools/slack/write-emoji-names.ts package/en/shortcodes/iamcal.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TARGET = fileURLToPath(new URL('../../src/platforms/slack/emoji-names.json', import.meta.url));
/** Asks for the picture where the character alone is shown as text. */
const AS_EMOJI = '\ufe0f';
const TEXT_BY_DEFAULT = /^\p{Emoji}$/u;
const EMOJI_BY_DEFAULT = /\p{Emoji_Presentation}/u;

const [source = ''] = process.argv.slice(2);
const codes = JSON.parse(readFileSync(source, 'utf8')) as Record<string, string | string[]>;
const names = Object.entries(codes).flatMap(([hex, written]) =>
  [written].flat().map((name) => [name, toCharacters(hex)] as const),
);
const sorted = Object.fromEntries(names.toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(TARGET, `${JSON.stringify(sorted, null, 2)}\n`);

/** `1F468-200D-1F33E` */
function toCharacters(hex: string): string {
  const characters = String.fromCodePoint(...hex.split('-').map((code) => Number.parseInt(code, 16)));
  const isText = TEXT_BY_DEFAULT.test(characters) && !EMOJI_BY_DEFAULT.test(characters);
  return isText ? `${characters}${AS_EMOJI}` : characters;
}
