import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { testValueStore } from '../contracts/value-store.ts';
import { createMemoryValueStore } from '../doubles/memory-value-store.ts';

const openFolder = (folder: string) => openStore(folder, async () => new Uint8Array());

testValueStore('keyv on libsql', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'easel-values-'));
  const store = openFolder(folder);
  return {
    open: store.values,
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

testValueStore('the double in memory', async () => {
  const namespaces = new Map<string, ReturnType<typeof createMemoryValueStore>>();
  return {
    open: <Value>(namespace: string) => {
      const opened = namespaces.get(namespace) ?? createMemoryValueStore();
      namespaces.set(namespace, opened);
      return opened as ReturnType<typeof createMemoryValueStore<Value>>;
    },
    close: async () => {},
  };
});

describe('values in a data folder', () => {
  it('outlive a restart with what is left of their lifetime, and leave the disk when it is over', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'easel-values-'));
    const before = openFolder(folder);
    await before.values<string>('a').add('short', 'short', { ttlMs: 100 });
    await before.values<string>('a').add('long', 'long', { ttlMs: 60_000 });
    await before.close();
    const after = openFolder(folder);
    const values = after.values<string>('a');
    expect(await values.add('long', 'again')).toBe(false);
    await expect.poll(() => values.get('short')).toBeUndefined();
    await values.set('short', 'short', { ttlMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await values.prune(() => false);
    await after.close();
    const database = new Database(join(folder, 'easel.db'));
    expect(database.prepare('SELECT key FROM entries').all()).toEqual([{ key: 'a:long' }]);
    database.close();
    rmSync(folder, { recursive: true });
  });

  it('are added beside an entry that is damaged, and do not replace it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'easel-values-'));
    await openFolder(folder).close();
    const database = new Database(join(folder, 'easel.db'));
    database.exec("INSERT INTO entries (key, value) VALUES ('a:damaged', '{')");
    database.close();
    const store = openFolder(folder);
    const values = store.values<string>('a');
    const added = await Promise.all([values.add('damaged', 'x'), values.add('whole', 'x')]);
    expect(added).toEqual([false, true]);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
