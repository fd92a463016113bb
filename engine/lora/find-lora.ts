import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { LRUCache } from 'lru-cache';
import { EngineError } from '../errors.ts';
import { hasPickleName } from '../weights/pickle.ts';
import { readSafetensorsFile } from '../weights/safetensors.ts';

/** LoRAs by the names that they are known by, in NFC. */
export interface LoraNames {
  readonly loras: ReadonlyMap<string, string>;
  /** By where they lie in their folder, without the ending: `anime/ink`. */
  readonly loraPaths: ReadonlyMap<string, string>;
}

/**
 * The file of the LoRA that a person named: by its name, its path in the folder, or the name that its maker gave it
 * (kohya's `ss_output_name`); in other capitals, too, when only one fits.
 * @returns undefined when there is none
 * @throws EngineError `bad_request` when several fit
 */
export async function findLora(written: string, { loras, loraPaths }: LoraNames): Promise<string | undefined> {
  const name = written
    .trim()
    .normalize('NFC')
    .replace(/\.safetensors$/i, '');
  return (
    pick(name, pairs(loras)) ?? pick(name, pairs(loraPaths)) ?? pick(name, await outputNames(new Set(loras.values())))
  );
}

type Pair = readonly [name: string, file: string];

function pairs(names: ReadonlyMap<string, string>): readonly Pair[] {
  return [...names];
}

function pick(name: string, known: readonly Pair[]): string | undefined {
  const exact = filesOf(known.filter(([other]) => other === name));
  const found = exact.length > 0 ? exact : filesOf(known.filter(([other]) => sameLetters(other, name)));
  if (found.length <= 1) return found[0];
  const several = found.slice(0, MAX_NAMED).map((file) => basename(file, extname(file)));
  if (found.length > MAX_NAMED) several.push(`and ${found.length - MAX_NAMED} more`);
  throw new EngineError(
    'bad_request',
    `Several LoRAs are named "${name}" (${several.join(', ')}); use the file name of one of them.`,
    {
      lora: name,
    },
  );
}

const MAX_NAMED = 5;

function filesOf(found: readonly Pair[]): readonly string[] {
  return [...new Set(found.map(([, file]) => file))];
}

function sameLetters(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** What was read of a file's metadata, as long as the file stays the same. */
const known = new LRUCache<string, { readonly version: string; readonly name: string | undefined }>({ max: 5000 });

/** Files that cannot be read have no name: whoever names one by its file's hears why. */
async function outputNames(files: Iterable<string>): Promise<readonly Pair[]> {
  const found: Pair[] = [];
  for (const file of files) {
    if (hasPickleName(file)) continue;
    const name = await outputName(file).catch(() => undefined);
    if (name !== undefined && name !== '') found.push([name.normalize('NFC'), file]);
  }
  return found;
}

async function outputName(file: string): Promise<string | undefined> {
  const { mtimeMs, size } = await stat(file);
  const version = `${mtimeMs} ${size}`;
  const before = known.get(file);
  if (before?.version === version) return before.name;
  const { metadata } = await readSafetensorsFile(file).catch(() => ({ metadata: { ss_output_name: undefined } }));
  const name = metadata.ss_output_name?.trim();
  known.set(file, { version, name });
  return name;
}
