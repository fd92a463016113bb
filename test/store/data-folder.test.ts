import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeDatabase, openDatabase } from '../../src/store/database.ts';
import { openStore } from '../../src/store/store.ts';
import { jobNamed } from '../doubles/samples.ts';

describe('the data folder', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-data-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made when it is not there', () => {
    closeDatabase(openDatabase(join(folder, 'new', 'deep')));
  });

  it('belongs to one Easel at a time, and to the next as soon as that lets go', () => {
    const first = openDatabase(folder);
    expect(() => openDatabase(folder)).toThrow(`Another Easel is using the data folder ${folder}`);
    first.prepare('INSERT INTO entries VALUES (?, ?)').run('still', 'works');
    closeDatabase(first);
    const second = openDatabase(folder);
    expect(second.prepare('SELECT value FROM entries').get()).toMatchObject({ value: 'works' });
    closeDatabase(second);
  });

  it('says so when it cannot be written', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => openDatabase(join(file, 'data'))).toThrow(`cannot write to the data folder ${join(file, 'data')}`);
    mkdirSync(join(folder, 'taken', 'easel.db'), { recursive: true });
    expect(() => openDatabase(join(folder, 'taken'))).toThrow('cannot write to the data folder');
  });

  it('says so when something else stands in the database’s place', () => {
    writeFileSync(join(folder, 'easel.db'), 'these are not the pages you are looking for'.repeat(200));
    expect(() => openDatabase(folder)).toThrow('is not a database that Easel can read');
  });

  describe('with a damaged database', () => {
    const path = () => join(folder, 'easel.db');

    beforeEach(() => {
      const database = openDatabase(folder);
      const insert = database.prepare('INSERT INTO entries VALUES (?, ?)');
      database.exec('BEGIN');
      for (let row = 0; row < 200; row += 1) insert.run(`jobs:${row}`, JSON.stringify({ value: 'x'.repeat(500) }));
      database.exec('COMMIT');
      closeDatabase(database);
    });

    it.each([
      ['cut short', () => truncateSync(path(), 4096 * 5)],
      ['cut within a page', () => truncateSync(path(), 4096 * 5 + 100)],
      ['overwritten in the middle', () => overwrite(path(), 4096 * 6, 4096)],
      ['overwritten at the beginning', () => overwrite(path(), 0, 100)],
    ])('says so when it was %s, and keeps its hands off', (_what, damage) => {
      damage();
      const { size } = statSync(path());
      expect(() => openDatabase(folder)).toThrow(`${path()} is not a database that Easel can read; move it away`);
      expect(statSync(path()).size).toBe(size);
    });

    it('starts with what can be read when one record is damaged, and says which cannot', async () => {
      const store = openStore(folder, async () => new Uint8Array());
      for (const id of ['a', 'b']) await store.jobs.put(jobNamed(id));
      await store.close();
      const database = openDatabase(folder);
      database.prepare('UPDATE entries SET value = ? WHERE key = ?').run('{"value":{"id', 'jobs:a');
      closeDatabase(database);

      const damaged: string[] = [];
      const again = openStore(
        folder,
        async () => new Uint8Array(),
        (jobId) => damaged.push(jobId),
      );
      expect((await again.jobs.unfinished()).map(({ id }) => id)).toEqual(['b']);
      expect(damaged).toEqual(['a']);
      await expect(again.jobs.get('a')).rejects.toMatchObject({ code: 'job_damaged' });
      await again.close();
    });
  });

  it('leaves alone what a newer Easel wrote', () => {
    const database = openDatabase(folder);
    database.exec('PRAGMA user_version = 99');
    closeDatabase(database);
    expect(() => openDatabase(folder)).toThrow('was written by a newer Easel');
  });
});

function overwrite(path: string, offset: number, length: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(length, 0xa5), 0, length, offset);
  closeSync(file);
}
