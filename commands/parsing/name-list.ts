/** What may stand behind a known name: nothing, or its strengths. */
const AFTER_NAME = /^\s*(:[^,]*)?(?=,|$)/;

/**
 * The entries of a list with commas, trimmed: a known name, the longest that fits, with what is written behind it; else
 * all up to the next comma. So a name may have commas in it.
 */
export function splitNames(typed: string, known: readonly string[]): string[] {
  const names = known.map(foldCase).toSorted((a, b) => b.length - a.length);
  const entries: string[] = [];
  for (let rest = typed.normalize('NFC'); rest.trim() !== ''; ) {
    rest = rest.trimStart();
    const folded = foldCase(rest);
    const name = names.find((one) => folded.startsWith(one) && AFTER_NAME.test(rest.slice(one.length)));
    const comma = rest.indexOf(',', name?.length ?? 0);
    const entry = (comma === -1 ? rest : rest.slice(0, comma)).trim();
    if (entry !== '') entries.push(entry);
    rest = comma === -1 ? '' : rest.slice(comma + 1);
  }
  return entries;
}

/** Letter by letter, so that lengths stay. */
function foldCase(text: string): string {
  return text.normalize('NFC').replace(/./gsu, (letter) => {
    const lower = letter.toLowerCase();
    return lower.length === letter.length ? lower : letter;
  });
}
