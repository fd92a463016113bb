import { type GenerationSpec, MAX_SEED, parseSeed, type Seed, type Variation } from '../../engine/index.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { OptionValue } from '../../src/core/request.ts';
import { MAX_VARIATIONS, shorten } from '../parsing/limits.ts';

/** What `--seed` says: `42`, or with variations `42,7:0.35,9:0.2`. */
export interface SeedValue {
  readonly seed: Seed;
  /** Undefined where the value names none: what the picture to be made again has then counts, if its seed is the same. */
  readonly variations?: readonly Variation[];
}

const WHOLE = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const SHARE = /^(?:\d{1,3}(?:\.\d{1,25})?|\.\d{1,25})(?:e-\d{1,3})?$/;

/**
 * The value in one writing, so that two places can be compared.
 * @throws BadInputError; a number that JavaScript has rounded already is refused, too
 */
export function readSeedText(_: OptionDescription, raw: OptionValue): string {
  const [first = '', ...rest] = String(raw).split(',');
  const seed = typeof raw === 'number' ? parseSeed(raw) : parseSeed(plainDigits(first));
  if (seed === undefined) throw badSeed(raw);
  const entries = rest.map((entry) => entry.trim()).filter((entry) => entry !== '');
  if (entries.length > MAX_VARIATIONS) {
    const sentence = `${entries.length} variations are too many; the limit is ${MAX_VARIATIONS}.`;
    throw new BadInputError('bad_variation', sentence);
  }
  return formatSeed({ seed, variations: entries.map(readVariation) });
}

/** @param text of `readSeedText` */
export function parseSeedText(text: string): SeedValue {
  const [first = '', ...rest] = text.split(',');
  const seed = parseSeed(first) ?? 0;
  return rest.length === 0 ? { seed } : { seed, variations: rest.map(readVariation) };
}

/** As the value of `--seed`. */
export function formatSeed({ seed, variations }: Pick<GenerationSpec, 'seed' | 'variations'>): string {
  return [`${seed}`, ...variations.map((by) => `${by.seed}:${by.strength}`)].join(',');
}

function readVariation(entry: string): Variation {
  const [typedSeed = '', typedShare = '', ...rest] = entry.split(':').map((part) => part.trim());
  const [seed, strength] = [parseSeed(typedSeed), SHARE.test(typedShare) ? Number(typedShare) : Number.NaN];
  if (seed !== undefined && strength <= 1 && rest.length === 0) return { seed, strength };
  throw new BadInputError(
    'bad_variation',
    `\`${shorten(entry)}\` is not a variation; write a seed and a strength from 0 to 1, such as \`42,7:0.35\`.`,
  );
}

/** `+5`, `0005` and `1e3` are numbers, too; what is too large to be exact stays as it was written. */
function plainDigits(typed: string): string {
  const digits = typed
    .trim()
    .replace(/^\+(?=\d)/, '')
    .replace(/^0+(?=\d)/, '');
  const value = WHOLE.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(value) && value >= 0 ? String(value + 0) : digits;
}

function badSeed(raw: OptionValue): BadInputError {
  const isRounded = typeof raw === 'number' && Number.isInteger(raw) && raw > Number.MAX_SAFE_INTEGER;
  const advice = isRounded ? 'write one this large as text, in quotes' : 'leave it out for a random one';
  return new BadInputError('bad_number', `Seed must be a whole number from 0 to ${MAX_SEED}; ${advice}.`);
}
