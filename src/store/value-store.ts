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
    async *all() {
      for await (const [, value] of values.iterator?.({}) ?? []) yield value;
    },
    prune: async (isOver) => {
      const over: string[] = [];
      for await (const [key, value] of values.iterator?.({}) ?? []) if (isOver(value)) over.push(String(key));
      await Promise.all(over.map((key) => values.delete(key)));
    },
  };
}
