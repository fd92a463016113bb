import { describe, expect, it } from 'vitest';
import { createGate, type Leave } from '../../src/queue/gate.ts';

const { signal: never } = new AbortController();
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the gate of the engine', () => {
  it('lets many in together, and one alone when they have left, before those who came later', async () => {
    const gate = createGate();
    const order: string[] = [];
    const leaves = new Map<string, Leave>();
    const come = (name: string, alone: boolean, signal = never) => {
      (alone ? gate.alone(signal) : gate.together(signal)).then(
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
