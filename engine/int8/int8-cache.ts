import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { isEngineError } from '../errors.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { writeInt8File } from './int8-file.ts';
import { Int8File, type Int8Layer } from './int8-weights.ts';

/** Part of every fingerprint: to be counted up when the same weights would be written differently. */
const RECIPE = 1;
const ENDING = '.int8.safetensors';
/** Of all files together: some ten models. The least recently used go first. */
const MAX_BYTES = 10e9;

/**
 * Quantised weights in a folder, one file a network, made when they are first asked for. The folder may be deleted at any
 * time: what is loaded goes on, and what is opened next is quantised again.
 */
export class Int8Cache {
  readonly #folder: string;
  readonly #maxBytes: number;

  /** @param maxBytes of all files together. @default 10e9 */
  constructor(folder: string, maxBytes = MAX_BYTES) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /**
   * The layers in 8 bits.
   * @throws EngineError `corrupt_file` for weights that are damaged; the file system's error when it cannot be written
   */
  async read(layers: readonly Int8Layer[]): Promise<Int8File> {
    const file = join(this.#folder, `${await fingerprintOf(layers)}${ENDING}`);
    const known = await readWhole(file, layers);
    if (known !== undefined) {
      const now = new Date();
      await utimes(file, now, now).catch(() => undefined);
      return known;
    }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeInt8File(file, layers);
    await this.#prune(file);
    return new Int8File(await readSafetensors(file));
  }

  /** Deletes what is left of interrupted writes, and the least recently used files beyond the bound. */
  async #prune(keep: string): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.includes(ENDING));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const facts = await stat(path).catch(() => undefined);
        return { path, bytes: facts?.size ?? 0, used: facts?.mtimeMs ?? 0, whole: name.endsWith(ENDING) };
      }),
    );
    let room = this.#maxBytes;
    for (const { path, bytes, used, whole } of files.sort((a, b) => b.used - a.used)) {
      room -= bytes;
      const abandoned = !whole && used < Date.now() - ABANDONED_MS;
      if (path !== keep && (abandoned || (whole && room < 0))) await rm(path, { force: true });
    }
  }
}

/** A write takes seconds. */
const ABANDONED_MS = 3_600_000;

/** Undefined where the file is not there, or is damaged: then it is made again. */
async function readWhole(file: string, layers: readonly Int8Layer[]): Promise<Int8File | undefined> {
  try {
    const found = new Int8File(await readSafetensors(file));
    return found.hasAll(layers) ? found : undefined;
  } catch (error) {
    if (isEngineError(error)) return undefined;
    throw error;
  }
}

/** Of the published files' sizes and times, and where in them each layer lies; nothing is read whole. */
async function fingerprintOf(layers: readonly Int8Layer[]): Promise<string> {
  const hash = createHash('sha256').update(`${RECIPE}\n`);
  const files = [...new Set(layers.map(({ weight }) => weight.file))];
  for (const file of files) {
    const { size, mtimeMs, ino } = await stat(file);
    hash.update(JSON.stringify([file, size, mtimeMs, ino]));
  }
  for (const { weight, outputs, channels, kernel } of layers) {
    hash.update(JSON.stringify([weight.name, weight.dtype, weight.offset, weight.length, outputs, channels, kernel]));
  }
  return hash.digest('hex').slice(0, 32);
}
