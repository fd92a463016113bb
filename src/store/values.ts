import type { Keyv } from 'keyv';
import type { ValueStore } from './port.ts';

export function createValueStore<Value>(values: Keyv<Value>): ValueStore<Value> {
  return {
    get: (key) => values.get(key),
    set: async (key, value) => {
      await values.set(key, value);
    },
    delete: async (key) => {
      await values.delete(key);
    },
    prune: async (isOver) => {
      for await (const [key, value] of values.iterator?.({}) ?? []) if (isOver(value)) await values.delete(String(key));
    },
  };
}
