import { constants } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { dirname, parse } from 'node:path';
import { BadInputError, EaselError } from '../core/errors.ts';

const EXTENSION = /\.png$/i;

/** Before minutes of drawing: can a picture go there at all? @throws BadInputError */
export async function checkOut(out: string): Promise<void> {
  if (!EXTENSION.test(out)) {
    throw new BadInputError('bad_out', `--out must name a .png file; try ${parse(out).name || 'picture'}.png.`);
  }
  const folder = dirname(out);
  try {
    await access(folder, constants.W_OK);
  } catch (cause) {
    const sentence = `The folder ${folder} does not exist or is not writable; create it, or give another --out.`;
    throw new EaselError('bad_out', sentence, { cause });
  }
}

/** One picture keeps the name; several are numbered from 1: `fox-1.png`. */
export function nameFiles(out: string, count: number): readonly string[] {
  if (count === 1) return [out];
  return Array.from({ length: count }, (_, index) =>
    out.replace(EXTENSION, (extension) => `-${index + 1}${extension}`),
  );
}

/** @throws EaselError `not_written` */
export async function writePicture(file: string, png: Uint8Array): Promise<void> {
  try {
    await writeFile(file, png);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EaselError('not_written', `${file} could not be written: ${why}`, { cause });
  }
}
