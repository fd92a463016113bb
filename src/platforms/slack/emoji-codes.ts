import names from './emoji-names.json' with { type: 'json' };

/** By the code's name, without its colons. */
const CHARACTERS: ReadonlyMap<string, string> = new Map(Object.entries(names));
const SKIN_TONES = ['\u{1f3fb}', '\u{1f3fc}', '\u{1f3fd}', '\u{1f3fe}', '\u{1f3ff}'];
/** Asks for a picture instead of text; a skin tone stands in its place. */
const AS_EMOJI = '\ufe0f';
const JOINER = '\u200d';

/**
 * Tags of a prompt, which hold no emoji: `<lora:fire:0.8>`. Then codes, with their skin tones: `:wave:`,
 * `:wave::skin-tone-3:`; but not what edits a prompt, `[cat:dog:0.5]`, whose last colon begins the step.
 */
const CODE =
  /<[a-z]\w*:[^<>]*>|:([a-z0-9_+'-]{1,80}):(?!\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*\])(?::skin-tone-([2-6])(?:-([2-6]))?:)?/giu;
/** Codes of digits alone are times and ratios where more digits stand beside them. */
const DIGITS = /^\d+$/;
const IN_NUMBER = /[\d.]/;

/**
 * A text of Slack's with the emoji that it wrote as codes: `:fox_face:` is 🦊 again. Codes that it does not know, such as
 * the workspace's own emoji, stay words.
 */
export function undoEmojiCodes(text: string): string {
  return text.replace(CODE, (written: string, name?: string, tone?: string, secondTone?: string, at?: number) => {
    const characters = name === undefined ? undefined : CHARACTERS.get(name.toLowerCase());
    if (name === undefined || characters === undefined || isNumber(text, name, at ?? 0)) return written;
    return tone === undefined ? characters : toned(characters, tone, secondTone ?? tone);
  });
}

function isNumber(text: string, name: string, at: number): boolean {
  if (!DIGITS.test(name)) return false;
  return [text[at - 1], text[at + name.length + 2]].some((beside = '') => IN_NUMBER.test(beside));
}

/** The tone follows the first character; of two people also the last that takes one. */
function toned(characters: string, tone: string, secondTone: string): string {
  const parts = characters.split(JOINER);
  const last = parts.findLastIndex((part) => TAKES_TONE.test(part));
  if (last === -1) return characters;
  const first = parts.findIndex((part) => TAKES_TONE.test(part));
  return parts
    .map((part, index) => {
      if (index !== first && index !== last) return part;
      const skin = SKIN_TONES[Number(index === first ? tone : secondTone) - 2] ?? '';
      return `${part.replace(AS_EMOJI, '')}${skin}`;
    })
    .join(JOINER);
}

const TAKES_TONE = /^\p{Emoji_Modifier_Base}/u;
