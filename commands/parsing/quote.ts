/** A flag's value as `parseFlags` reads it back: in quotes unless it is one plain word. */
export function quoteWord(value: string): string {
  return /^[\w./@:+-]+$/.test(value) ? value : quote(value);
}

/** A value in quotes. */
export function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
