import { createHash } from 'node:crypto';
import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, writeAtomically } from '../lib/atomic-files.ts';
import { filesIn } from './list-files.ts';
import type { InputStore } from './port.ts';

const NAME = /^[0-9a-f]{32}$/;

/** Pictures that people gave, as files named by their content: `<folder>/<name>.png`. */
export function createInputStore(folder: string): InputStore {
  const startedAt = Date.now();
  const pathOf = (name: string): string => {
    if (!NAME.test(name)) throw new RangeError(`not the name of an input: ${name}`);
    return join(folder, `${name}.png`);
  };
  return {
    put: async (png) => {
      const name = createHash('sha256').update(png).digest('hex').slice(0, 32);
      await writeAtomically(folder, new Map([[`${name}.png`, png]]));
      return name;
    },
    get: async (name) => {
      const png = await readIfThere(pathOf(name));
      // What is still used is kept longer; where the disk cannot be written it is at least read.
      if (png !== undefined) await utimes(pathOf(name), new Date(), new Date()).catch(() => undefined);
      return png;
    },
    delete: (name) => rm(pathOf(name), { force: true }),
    kept: async function* () {
      for await (const { name, bytes, changedAt } of filesIn(folder, startedAt)) {
        const key = name.replace(/\.png$/, '');
        if (NAME.test(key)) yield { key, bytes, usedAt: changedAt };
      }
    },
  };
}
