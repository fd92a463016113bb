import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeDatabase, openDatabase } from '../../src/store/database.ts';

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
    expect(() => openDatabase(folder)).toThrow('is not a database Easel can read');
  });

  it('leaves alone what a newer Easel wrote', () => {
    const database = openDatabase(folder);
    database.exec('PRAGMA user_version = 99');
    closeDatabase(database);
    expect(() => openDatabase(folder)).toThrow('was written by a newer Easel');
  });
});
