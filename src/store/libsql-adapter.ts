import { EventEmitter } from 'node:events';
import type { KeyvStoreAdapter } from 'keyv';
import type Database from 'libsql';
import type { GroupCommit } from './group-commit.ts';

/** Sorts right after ':', so that `namespace:` … `namespace;` holds every key of a namespace. */
const AFTER_COLON = ';';
/** Rows that an iterator holds at a time. */
const PAGE_ROWS = 200;

const SET = 'INSERT OR REPLACE INTO entries (key, value) VALUES (?, ?)';
/** When an entry's lifetime ends, in milliseconds since the epoch, as Keyv writes it; null for ever. */
const EXPIRES = "CASE WHEN json_valid(entries.value) THEN json_extract(entries.value, '$.expires') END";
const ADD = `INSERT INTO entries (key, value) VALUES (?, ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE ${EXPIRES} < CAST(? AS INTEGER)`;
const DELETE_EXPIRED = `DELETE FROM entries WHERE key >= ? AND key < ? AND ${EXPIRES} < CAST(? AS INTEGER)`;

interface Row {
  readonly key: string;
  readonly value: string;
}

/**
 * Keyv on a libsql file. One adapter a namespace; all of them share the database, which its opener closes, and its group
 * commit: what is set and deleted in one turn of the event loop, in all namespaces, is one transaction.
 */
export class LibsqlAdapter extends EventEmitter implements KeyvStoreAdapter {
  /** Keyv offers an iterator only for the dialects it knows. */
  readonly opts = { dialect: 'sqlite' };
  namespace?: string;
  readonly #database: Database.Database;
  readonly #commit: GroupCommit;
  readonly #ifAbsent: boolean;

  /** @param options.ifAbsent `set` sets only what is not there, or is there and expired. @default false */
  constructor(database: Database.Database, commit: GroupCommit, { ifAbsent = false } = {}) {
    super();
    this.#database = database;
    this.#commit = commit;
    this.#ifAbsent = ifAbsent;
  }

  // Keyv's adapter type leaves the stored type to the caller; here it is always the serialized text.
  async get<Value>(key: string): Promise<Value | undefined> {
    const row = this.#database.prepare('SELECT value FROM entries WHERE key = ?').get(key) as Row | undefined;
    return row?.value as Value | undefined;
  }

  /** @returns whether it was set */
  async set(key: string, value: string): Promise<boolean> {
    const values = this.#ifAbsent ? [key, value, `${Date.now()}`] : [key, value];
    return (await this.#commit.write(this.#ifAbsent ? ADD : SET, ...values)) > 0;
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#commit.write('DELETE FROM entries WHERE key = ?', key)) > 0;
  }

  async clear(): Promise<void> {
    await this.#commit.write('DELETE FROM entries WHERE key >= ? AND key < ?', ...this.#range(this.namespace));
  }

  /** Of this namespace, what Keyv would not give out any more. */
  async deleteExpired(): Promise<void> {
    await this.#commit.write(DELETE_EXPIRED, ...this.#range(this.namespace), `${Date.now()}`);
  }

  /** A page at a time: what is written meanwhile may or may not be seen, and nothing is seen twice. */
  async *iterator<Value>(namespace?: string): AsyncGenerator<[string, Value], void> {
    const select = this.#database.prepare(
      `SELECT key, value FROM entries WHERE key > ? AND key < ? ORDER BY key LIMIT ${PAGE_ROWS}`,
    );
    let [from, to] = this.#range(namespace);
    for (;;) {
      const rows = select.all(from, to) as Row[];
      for (const row of rows) yield [row.key, row.value as Value];
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE_ROWS) return;
      from = last.key;
    }
  }

  #range(namespace: string | undefined): [from: string, to: string] {
    return namespace === undefined ? ['', '\u{10FFFF}'] : [`${namespace}:`, `${namespace}${AFTER_COLON}`];
  }
}
