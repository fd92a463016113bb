/** Begins at a root, a drive or a home folder, of two parts at least: `/help` is a command. */
const PATH = /(?<![\p{L}\p{N}_:/\\.<`~-])(?:~|[A-Za-z]:|\\)?(?:[\\/][^\\/\s"'`,;:()<>|?*]+){2,}[\\/]?/gu;
/** As Node's errors write them. */
const QUOTED_PATH = /(['"])(?:~|[A-Za-z]:)?[\\/](?:(?!\1)[^\n`])*\1/g;
const FILE_URL = /file:\/\/[^\s"'`,;()<>]+/g;
/** What a person typed, and commands: no path of this machine. */
const CODE = /(`[^`]+`)/;

/**
 * A sentence for people who use Easel: of each path on this machine no more than the name at its end. Addresses on the
 * web and commands stay as they are.
 * @param known paths that may stand in it, which may hold spaces: files, and folders whose contents are named from there
 */
export function redactPaths(sentence: string, known: readonly string[] = []): string {
  const absolute = known.filter(isAbsolute).toSorted((a, b) => b.length - a.length);
  const named = absolute.reduce((text, path) => withoutPath(text, path), sentence);
  return named
    .split(CODE)
    .map((part, i) => (i % 2 === 1 ? part : withoutUnknown(part)))
    .join('');
}

function withoutPath(text: string, path: string): string {
  const folder = path.replace(/[\\/]+$/, '');
  return [`${folder}/`, `${folder}\\`]
    .reduce((left, start) => left.replaceAll(start, ''), text)
    .replaceAll(folder, nameOf(folder));
}

function withoutUnknown(text: string): string {
  return text
    .replaceAll(FILE_URL, nameOf)
    .replaceAll(QUOTED_PATH, (quoted) => `${quoted.at(0)}${nameOf(quoted.slice(1, -1))}${quoted.at(0)}`)
    .replaceAll(PATH, (path) => {
      const end = /[.!?…]*$/.exec(path)?.[0] ?? '';
      return `${nameOf(path.slice(0, path.length - end.length))}${end}`;
    });
}

function nameOf(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? 'a folder';
}

/** A root by itself would be in everything. */
function isAbsolute(path: string): boolean {
  return /^(?:[A-Za-z]:)?[\\/]+[^\\/]/.test(path);
}
