import type { LibsqlAdapter } from './libsql-adapter.ts';
import { openNamespace } from './namespace.ts';
import type { ValueStore } from './port.ts';

/** @param adapter and @param adder of one database; what the adder sets must not be there yet */
export function createValueStore<Value>(
  namespace: string,
  adapter: LibsqlAdapter,
  adder: LibsqlAdapter,
): ValueStore<Value> {
  const values = openNamespace<Value>(namespace, adapter);
  const additions = openNamespace<Value>(namespace, adder);
  return {
    get: (key) => values.get(key),
    set: async (key, value, { ttlMs } = {}) => {
      await values.set(key, value, ttlMs);
    },
    add: (key, value, { ttlMs } = {}) => additions.set(key, value, ttlMs),
    delete: async (key) => {
      await values.delete(key);
    },
    async *all() {
      for await (const [, value] of values.iterator?.({}) ?? []) yield value;
    },
    prune: async (isOver) => {
      await adapter.deleteExpired();
      const over: string[] = [];
      for await (const [key, value] of values.iterator?.({}) ?? []) if (isOver(value)) over.push(String(key));
      await Promise.all(over.map((key) => values.delete(key)));
    },
  };
}
