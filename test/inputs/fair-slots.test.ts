import { describe, expect, it } from 'vitest';
import { FairSlots } from '../../src/inputs/fair-slots.ts';

/** Work that the test ends. */
function heldWork(slots: FairSlots) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (name: string) =>
    slots.run(name.charAt(0), () => {
      begun.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (name: string) => {
    ends.get(name)?.();
    await settled();
  };
  return { begun, ask, end, settled };
}

const LIMITS = { running: 3, runningPerPerson: 2, waiting: 4, waitingPerPerson: 2 };

describe('work on what people send', () => {
  it('is done in the order of asking, but never all of it for one person', async () => {
    const { begun, ask, end, settled } = heldWork(new FairSlots(LIMITS));
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1']) void ask(name);
    await settled();
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    await end('b1');
    expect(begun.slice(3)).toEqual(['c1']);
    await end('a1');
    await end('a2');
    expect(begun.slice(4)).toEqual(['a3', 'a4']);
  });

  it('is refused when too much of one person waits, or of all', async () => {
    const { ask } = heldWork(new FairSlots(LIMITS));
    for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3']) void ask(name);
    await expect(ask('a5')).rejects.toMatchObject({
      code: 'busy',
      userMessage: 'Easel is still reading your other pictures; try again when they are done.',
    });
    await expect(ask('c1')).rejects.toMatchObject({
      code: 'busy',
      userMessage: 'Easel is reading too many pictures at the moment; try again in a minute.',
    });
  });

  it('leaves its place also when it fails', async () => {
    const slots = new FairSlots({ running: 1, runningPerPerson: 1, waiting: 1, waitingPerPerson: 1 });
    const failing = slots.run('a', () => Promise.reject(new Error('damaged')));
    const next = slots.run('b', async () => 'read');
    await expect(failing).rejects.toThrow('damaged');
    expect(await next).toBe('read');
  });
});
