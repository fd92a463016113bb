import type { ValueStore } from '../store/port.ts';
import type { Debts } from './fair-clock.ts';

/** Whose turn it is, kept over restarts: who had much just before one does not begin equal with the others after it. */
export interface FairDebts {
  /** What the process before this one noted. */
  load(): Promise<Debts>;
  /** Writes only what has changed. @throws what the store throws: turns are fair all the same until the next restart */
  save(debts: Debts): Promise<void>;
}

const KEY = 'debts';

/** @param store where they survive a restart */
export function createFairDebts(store: ValueStore<Debts>): FairDebts {
  let noted = '{}';
  return {
    load: async () => {
      const debts = (await store.get(KEY)) ?? {};
      noted = JSON.stringify(debts);
      return debts;
    },
    save: async (debts) => {
      const text = JSON.stringify(debts);
      if (text === noted) return;
      noted = text;
      await store.set(KEY, debts);
    },
  };
}
