import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { EaselError } from '../core/errors.ts';
import { PROMPT_PLACEHOLDER, type Style } from '../core/style.ts';

const SHIPPED = fileURLToPath(new URL('../../styles/styles.yaml', import.meta.url));
/** More would not be a list but a mistake. */
const MAX_STYLES = 500;
const MAX_TEXT_LENGTH = 1000;

const words = (what: string) =>
  z.string(`${what} must be text`).trim().max(MAX_TEXT_LENGTH, `${what} has more than ${MAX_TEXT_LENGTH} characters`);

const FILE = z
  .array(
    z.strictObject({
      name: z
        .string('name is missing')
        .regex(
          /^[\p{Ll}\p{Lo}\p{N}][\p{Ll}\p{Lo}\p{N}-]{0,31}$/u,
          'name must be 1 to 32 lower-case letters, digits and -',
        )
        .refine((name) => name !== 'none', 'name cannot be none, which means no style'),
      about: words('about').default(''),
      prompt: words('prompt').refine(
        (prompt) => prompt.includes(PROMPT_PLACEHOLDER),
        `prompt must contain ${PROMPT_PLACEHOLDER}, which stands for the user's prompt`,
      ),
      negative: words('negative').default(''),
    }),
    'must contain a list of styles',
  )
  .max(MAX_STYLES, `must contain at most ${MAX_STYLES} styles`);

/**
 * The styles that ship with Easel and the operator's own, which take the place of shipped ones of the same name; by name.
 * @throws EaselError `bad_styles` with a sentence for each thing that is wrong in the operator's file
 */
export function loadStyles(ownFile?: string): readonly Style[] {
  const files = ownFile === undefined ? [SHIPPED] : [SHIPPED, ownFile];
  const byName = new Map(files.flatMap(readStyles).map((style) => [style.name, style]));
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function readStyles(file: string): readonly Style[] {
  const written = readYaml(file);
  const result = FILE.safeParse(written);
  if (!result.success)
    throw new EaselError('bad_styles', result.error.issues.map((issue) => sentence(file, issue, written)).join('\n'));
  const names = result.data.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return result.data;
  throw new EaselError('bad_styles', `The style file ${file} names the style ${twice} twice; keep one.`);
}

function readYaml(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new EaselError('bad_styles', `The style file ${file} cannot be read; correct EASEL_STYLES, or unset it.`, {
      cause,
    });
  }
  try {
    return parse(text);
  } catch (cause) {
    const [where = 'it is not YAML'] = cause instanceof Error ? cause.message.split('\n') : [];
    throw new EaselError('bad_styles', `The style file ${file} is not YAML: ${where.replace(/:$/, '')}.`, { cause });
  }
}

function sentence(file: string, { path, message }: z.core.$ZodIssue, written: unknown): string {
  const [place] = path;
  if (typeof place !== 'number') return `The style file ${file} ${message}.`;
  const entry: unknown = Array.isArray(written) ? written[place] : undefined;
  const name = typeof entry === 'object' && entry !== null && 'name' in entry ? ` (${String(entry.name)})` : '';
  return `In the style file ${file}, style ${place + 1}${name}: ${message}.`;
}
