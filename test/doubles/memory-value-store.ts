import type { ValueStore } from '../../src/store/port.ts';

/** Values that are forgotten with the process, as JSON like those on disk. */
export function createMemoryValueStore<Value>(): ValueStore<Value> & { readonly size: number; clear(): void } {
  const texts = new Map<string, string>();
  return {
    get size() {
      return texts.size;
    },
    clear: () => texts.clear(),
    get: async (key) => {
      const text = texts.get(key);
      return text === undefined ? undefined : JSON.parse(text);
    },
    set: async (key, value) => void texts.set(key, JSON.stringify(value)),
    async *all() {
      for (const text of [...texts.values()]) yield JSON.parse(text);
    },
    prune: async (isOver) => {
      for (const [key, text] of texts) if (isOver(JSON.parse(text))) texts.delete(key);
    },
    delete: async (key) => void texts.delete(key),
  };
}
