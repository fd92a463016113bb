import { describe, expect, it } from 'vitest';
import { createSharedLock, type Release } from '../../src/queue/shared-lock.ts';

const { signal: never } = new AbortController();
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the gate of the engine', () => {
  it('lets many in together, and one alone when they have left, before those who came later', async () => {
    const lock = createSharedLock();
    const order: string[] = [];
    const leaves = new Map<string, Release>();
    const come = (name: string, alone: boolean, signal = never) => {
      (alone ? lock.exclusive(signal) : lock.shared(signal)).then(
        (leave) => {
          order.push(name);
          leaves.set(name, leave);
        },
        () => order.push(`${name} gave up`),
      );
    };
    const go = async (name: string) => {
      leaves.get(name)?.();
      await turn();
    };

    come('a', false);
    come('b', false);
    const impatient = new AbortController();
    come('x', true, impatient.signal);
    come('y', true);
    come('c', false);
    await turn();
    expect(order).toEqual(['a', 'b']);
    impatient.abort();
    await go('a');
    expect(order).toEqual(['a', 'b', 'x gave up']);
    await go('b');
    expect(order).toEqual(['a', 'b', 'x gave up', 'y']);
    come('z', true);
    await go('y');
    expect(order.at(-1)).toBe('z');
    await go('z');
    expect(order.at(-1)).toBe('c');
    come('d', false, AbortSignal.abort());
    await turn();
    expect(order.at(-1)).toBe('d gave up');
  });
});
