import type { ValueStore } from '../../src/store/port.ts';

/** Values that are forgotten with the process, as JSON like those on disk. */
export function createMemoryValueStore<Value>(): ValueStore<Value> & { readonly size: number; clear(): void } {
  const entries = new Map<string, { readonly text: string; readonly expires: number }>();
  const put = (key: string, value: Value, ttlMs = Number.POSITIVE_INFINITY) =>
    void entries.set(key, { text: JSON.stringify(value), expires: Date.now() + ttlMs });
  const isThere = (key: string) => Date.now() <= (entries.get(key)?.expires ?? Number.NEGATIVE_INFINITY);
  const read = (key: string): Value | undefined => {
    const entry = isThere(key) ? entries.get(key) : undefined;
    return entry && JSON.parse(entry.text);
  };
  return {
    get size() {
      return entries.size;
    },
    clear: () => entries.clear(),
    get: async (key) => read(key),
    set: async (key, value, { ttlMs } = {}) => put(key, value, ttlMs),
    add: async (key, value, { ttlMs } = {}) => {
      if (isThere(key)) return false;
      put(key, value, ttlMs);
      return true;
    },
    async *all() {
      for (const [key, { text }] of [...entries]) if (isThere(key)) yield JSON.parse(text);
    },
    prune: async (isOver) => {
      for (const [key, { text }] of entries) if (!isThere(key) || isOver(JSON.parse(text))) entries.delete(key);
    },
    delete: async (key) => void entries.delete(key),
  };
}
