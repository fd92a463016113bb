import { join } from 'node:path';
import { openSqlite, transact } from '../../lib/sqlite.ts';
import type { MessageBody, PostedMessage } from './wire.ts';

/** A message of the web channel as it lies on disk. */
export interface StoredMessage {
  readonly message: PostedMessage;
  /** False for a command line whose dispatch has not been answered yet: nobody sees it. */
  readonly visible: boolean;
}

export interface Appended {
  readonly id: string;
  /** False when the nonce was used before: `id` is the first message's, perhaps deleted since. */
  readonly isNew: boolean;
}

/** The pictures of a message. */
export interface MessageFiles {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
  /** Those that no newer message shows, too. */
  readonly files: readonly string[];
}

/** The channel's messages on disk. Every write has survived `kill -9` when its call returns. */
export interface MessageLog {
  append(draft: { nonce: string; at: number; visible: boolean; body: MessageBody }): Appended;
  findByNonce(nonce: string): string | undefined;
  /** Undefined when it was deleted or never was. */
  get(id: string): StoredMessage | undefined;
  /** False when the message is gone. */
  replace(id: string, body: MessageBody, editedAt: number): boolean;
  reveal(id: string): void;
  /** Keeps the nonce, so that the message is never posted again. */
  remove(id: string): void;
  /** Forgets it wholly, nonce included. */
  discard(id: string): void;
  /** The newest `limit` visible messages with an id below `before`, oldest first. */
  page(options: { before?: string; limit: number }): readonly PostedMessage[];
  usesFile(file: string): boolean;
  /** At most `limit` messages with pictures, of those with an id above `after`, oldest first. */
  withFiles(options: { after?: string; limit: number }): readonly MessageFiles[];
  close(): void;
}

const SCHEMA_VERSION = 1;
const SCHEMA = `
  create table if not exists messages (
    id integer primary key autoincrement,
    nonce text not null unique,
    at integer not null,
    edited_at integer,
    visible integer not null,
    body text
  );
  create table if not exists message_files (
    message_id integer not null,
    file text not null,
    primary key (message_id, file)
  ) without rowid;
  create index if not exists message_files_by_file on message_files (file);
`;

interface Row {
  readonly id: number;
  readonly at: number;
  readonly edited_at: number | null;
  readonly visible: number;
  readonly body: string;
}

function toMessage(row: Row): PostedMessage {
  const body: MessageBody = JSON.parse(row.body);
  const edited = row.edited_at === null ? {} : { editedAt: row.edited_at };
  return { id: String(row.id), at: row.at, ...edited, ...body };
}

function filesOf(body: MessageBody): readonly string[] {
  const pictures = body.kind === 'reply' ? body.reply.pictures : (body.pictures ?? []);
  return pictures.map((picture) => picture.file);
}

/**
 * Opens `web/messages.db` in the data folder, and makes it when it is missing.
 * @throws EaselError as `openSqlite` does
 */
export function openMessageLog(dataFolder: string): MessageLog {
  const path = join(dataFolder, 'web', 'messages.db');
  const db = openSqlite({ path, dataFolder, schema: SCHEMA, version: SCHEMA_VERSION });

  const insert = db.prepare(
    'insert into messages (nonce, at, visible, body) values (?, ?, ?, ?) on conflict do nothing',
  );
  const byNonce = db.prepare('select id from messages where nonce = ?');
  const byId = db.prepare('select * from messages where id = ? and body is not null');
  const update = db.prepare('update messages set body = ?, edited_at = ? where id = ? and body is not null');
  const show = db.prepare('update messages set visible = 1 where id = ?');
  const clear = db.prepare('update messages set body = null where id = ?');
  const forget = db.prepare('delete from messages where id = ?');
  const newest = db.prepare(
    'select * from messages where id < ? and visible = 1 and body is not null order by id desc limit ?',
  );
  const addFile = db.prepare('insert or ignore into message_files (message_id, file) values (?, ?)');
  const dropFiles = db.prepare('delete from message_files where message_id = ?');
  const anyFile = db.prepare('select 1 from message_files where file = ? limit 1');

  const withFiles = db.prepare(
    `select distinct id, at, edited_at from messages join message_files on message_id = id
      where id > ? order by id limit ?`,
  );
  const lastFiles = db.prepare(
    `select file from message_files as mine where message_id = ? and not exists
      (select 1 from message_files where file = mine.file and message_id > mine.message_id)`,
  );

  function setFiles(id: number, files: readonly string[]): void {
    dropFiles.run(id);
    for (const file of files) addFile.run(id, file);
  }

  function findByNonce(nonce: string): string | undefined {
    const row = byNonce.get(nonce) as Pick<Row, 'id'> | undefined;
    return row === undefined ? undefined : String(row.id);
  }

  return {
    append: ({ nonce, at, visible, body }) =>
      transact(db, () => {
        const existing = findByNonce(nonce);
        if (existing !== undefined) return { id: existing, isNew: false };
        const { lastInsertRowid } = insert.run(nonce, at, visible ? 1 : 0, JSON.stringify(body));
        setFiles(Number(lastInsertRowid), filesOf(body));
        return { id: String(lastInsertRowid), isNew: true };
      }),
    findByNonce,
    get(id) {
      const row = byId.get(Number(id)) as Row | undefined;
      return row === undefined ? undefined : { message: toMessage(row), visible: row.visible === 1 };
    },
    replace: (id, body, editedAt) =>
      transact(db, () => {
        if (update.run(JSON.stringify(body), editedAt, Number(id)).changes === 0) return false;
        setFiles(Number(id), filesOf(body));
        return true;
      }),
    reveal: (id) => void show.run(Number(id)),
    remove: (id) =>
      transact(db, () => {
        clear.run(Number(id));
        dropFiles.run(Number(id));
      }),
    discard: (id) =>
      transact(db, () => {
        forget.run(Number(id));
        dropFiles.run(Number(id));
      }),
    page({ before, limit }) {
      const rows = newest.all(before === undefined ? Number.MAX_SAFE_INTEGER : Number(before), limit) as Row[];
      return rows.reverse().map(toMessage);
    },
    withFiles({ after, limit }) {
      const rows = withFiles.all(after === undefined ? 0 : Number(after), limit) as Pick<
        Row,
        'id' | 'at' | 'edited_at'
      >[];
      return rows.map(({ id, at, edited_at }) => {
        const files = lastFiles.all(id) as { file: string }[];
        return { id: String(id), changedAt: edited_at ?? at, files: files.map(({ file }) => file) };
      });
    },
    usesFile: (file) => anyFile.get(file) !== undefined,
    close: () => void db.close(),
  };
}
