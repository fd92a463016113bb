import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ValueStore } from '../../src/store/port.ts';

export interface ValuesUnderTest {
  /** Of one namespace; each call as another part of the program opens it. */
  open<Value>(namespace: string): ValueStore<Value>;
  close(): Promise<void>;
}

/** Long enough for the writes before it, short enough to wait for. */
const TTL_MS = 200;

/** What every driver of small values must do. */
export function testValueStore(name: string, open: () => Promise<ValuesUnderTest>): void {
  describe(`${name}: small values`, () => {
    let opened: ValuesUnderTest;
    let values: ValueStore<string>;

    beforeEach(async () => {
      opened = await open();
      values = opened.open('a');
    });
    afterEach(() => opened.close());

    async function all(): Promise<readonly string[]> {
      const found: string[] = [];
      for await (const value of values.all()) found.push(value);
      return found.sort();
    }

    it('keeps what was set last, until it is deleted', async () => {
      expect(await values.get('key')).toBeUndefined();
      await values.set('key', 'first');
      await values.set('key', 'second');
      await values.set('other', '');
      expect(await values.get('key')).toBe('second');
      expect(await all()).toEqual(['', 'second']);
      await values.delete('key');
      expect(await values.get('key')).toBeUndefined();
      expect(await all()).toEqual(['']);
    });

    it('keeps those of one namespace from another', async () => {
      const others = opened.open<string>('b');
      await others.set('key', 'theirs');
      expect(await values.get('key')).toBeUndefined();
      expect(await values.add('key', 'ours')).toBe(true);
      await values.prune(() => true);
      expect(await others.get('key')).toBe('theirs');
    });

    it('adds only what is not there', async () => {
      expect(await values.add('key', 'first')).toBe(true);
      expect(await values.add('key', 'second')).toBe(false);
      expect(await values.get('key')).toBe('first');
      await values.set('set', 'first');
      expect(await values.add('set', 'second')).toBe(false);
      await values.delete('key');
      expect(await values.add('key', 'third')).toBe(true);
      expect(await values.get('key')).toBe('third');
    });

    it('lets exactly one of those add who do so at once', async () => {
      const names = Array.from({ length: 20 }, (_, index) => `${index}`);
      const added = await Promise.all(names.map((name) => opened.open<string>('a').add('key', name)));
      expect(added.filter(Boolean)).toHaveLength(1);
      expect(await values.get('key')).toBe(names[added.indexOf(true)]);
    });

    it('forgets a value when its lifetime is over: then it can be added again', async () => {
      await values.set('set', 'first', { ttlMs: TTL_MS });
      expect(await values.add('added', 'first', { ttlMs: TTL_MS })).toBe(true);
      await values.set('for ever', 'first');
      expect(await values.add('added', 'second')).toBe(false);
      expect(await all()).toEqual(['first', 'first', 'first']);
      await sleep(TTL_MS + 50);
      expect(await values.add('added', 'third')).toBe(true);
      expect(await values.get('set')).toBeUndefined();
      expect(await all()).toEqual(['first', 'third']);
    });

    it('gives a value that is set anew its new lifetime alone', async () => {
      await values.set('key', 'first', { ttlMs: TTL_MS });
      await values.set('key', 'second');
      await sleep(TTL_MS + 50);
      expect(await values.get('key')).toBe('second');
    });

    it('prunes what is over, by its lifetime or as it is told', async () => {
      await values.set('old', 'old');
      await values.set('young', 'young');
      await values.set('short', 'short', { ttlMs: TTL_MS });
      await sleep(TTL_MS + 50);
      const asked: string[] = [];
      await values.prune((value) => {
        asked.push(value);
        return value === 'old';
      });
      expect(asked.sort()).toEqual(['old', 'young']);
      expect(await all()).toEqual(['young']);
    });
  });
}
