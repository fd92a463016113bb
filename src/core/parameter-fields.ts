/**
 * One `key: value`, as A1111's `re_param` reads it: a value with commas, colons or line breaks stands in JSON quotes.
 * Keys are words, spaces, `-` and `/`; here of bounded length, so that a hostile line costs linear time.
 */
const FIELD = /\s?(\w[\w \-/]{1,60}):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/g;
/** Characters: two prompts of the longest kind, every one of them escaped, and room for a long history. */
const MAX_LINE_LENGTH = 65_536;
const NEEDS_QUOTES = /[,:\n"]|^\s|\s$/;

/** `Steps: 20, Sampler: Euler a`: keys and values in this order on one line. */
export function writeFields(fields: readonly (readonly [key: string, value: string])[]): string {
  return fields.map(([key, value]) => `${key}: ${quote(value)}`).join(', ');
}

/** The fields of one line; the last of a repeated key counts. None when the line is longer than `MAX_LINE_LENGTH`. */
export function readFields(line: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (line.length > MAX_LINE_LENGTH) return fields;
  for (const [, key = '', value = ''] of line.matchAll(FIELD)) fields.set(key, unquote(value));
  return fields;
}

function quote(value: string): string {
  return NEEDS_QUOTES.test(value) ? JSON.stringify(value) : value;
}

function unquote(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"')) return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'string' ? parsed : value;
  } catch {
    return value;
  }
}
