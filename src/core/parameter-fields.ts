/**
 * One `key: value`, as A1111's `re_param` reads it: a value with commas, colons or line breaks stands in JSON quotes, and
 * other programs write JSON as it is. Keys are words, spaces, `-` and `/`; here of bounded length, so that a hostile line
 * costs linear time.
 */
const KEY = /\s?(\w[\w \-/]{1,60}):\s*/g;
const QUOTED = /"(?:\\.|[^\\"])+"(?=\s*(?:,|$))/y;
const REST = /[^,]*/y;
/** Characters: two prompts of the longest kind, every one of them escaped, and room for a long history. */
const MAX_LINE_LENGTH = 65_536;
const NEEDS_QUOTES = /[,:\n"]|^[\s[{]|\s$/;

/** `Steps: 20, Sampler: Euler a`: keys and values in this order on one line. */
export function writeFields(fields: readonly (readonly [key: string, value: string])[]): string {
  return fields.map(([key, value]) => `${key}: ${quote(value)}`).join(', ');
}

/** The fields of one line; the last of a repeated key counts. None when the line is longer than `MAX_LINE_LENGTH`. */
export function readFields(line: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (line.length > MAX_LINE_LENGTH) return fields;
  KEY.lastIndex = 0;
  // Once one never closes, looking for the ends of others would cost as much again each time.
  let hasJson = true;
  for (let match = KEY.exec(line); match !== null; match = KEY.exec(line)) {
    const [, key = ''] = match;
    const at = KEY.lastIndex;
    const isJson = hasJson && (line[at] === '[' || line[at] === '{');
    const json = isJson ? jsonAt(line, at) : undefined;
    if (isJson && json === undefined) hasJson = false;
    const value = sticky(QUOTED, line, at) ?? json ?? sticky(REST, line, at) ?? '';
    KEY.lastIndex = at + value.length;
    fields.set(key, unquote(value));
  }
  return fields;
}

function sticky(pattern: RegExp, line: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(line)?.[0];
}

/** The list or object of JSON that begins there, up to where its brackets close; undefined where they never do. */
function jsonAt(line: string, at: number): string | undefined {
  let depth = 0;
  let isText = false;
  for (let index = at; index < line.length; index += 1) {
    const character = line[index];
    if (isText && character === '\\') index += 1;
    else if (character === '"') isText = !isText;
    else if (!isText && (character === '[' || character === '{')) depth += 1;
    else if (!isText && (character === ']' || character === '}')) depth -= 1;
    if (depth === 0) return line.slice(at, index + 1);
  }
  return undefined;
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
