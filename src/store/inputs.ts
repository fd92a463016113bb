import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, writeWhole } from './files.ts';
import type { InputStore } from './port.ts';

const NAME = /^[0-9a-f]{32}$/;

/** Pictures that people gave, as files named by their content: `<folder>/<name>.png`. */
export function createInputStore(folder: string): InputStore {
  const pathOf = (name: string): string => {
    if (!NAME.test(name)) throw new RangeError(`not the name of an input: ${name}`);
    return join(folder, `${name}.png`);
  };
  return {
    put: async (png) => {
      const name = createHash('sha256').update(png).digest('hex').slice(0, 32);
      await writeWhole(pathOf(name), png);
      return name;
    },
    get: (name) => readIfThere(pathOf(name)),
  };
}
