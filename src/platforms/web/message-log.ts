import Database from 'libsql';
import type { MessageBody, StandingMessage } from './wire.ts';

export interface StoredMessage {
  readonly message: StandingMessage;
  /** False for a command line whose dispatch has not been answered yet: nobody sees it. */
  readonly visible: boolean;
}

export interface Appended {
  readonly id: string;
  /** False when the nonce was used before: `id` is the first message's, perhaps deleted since. */
  readonly isNew: boolean;
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
  page(options: { before?: string; limit: number }): readonly StandingMessage[];
  usesFile(file: string): boolean;
  /** At most `limit` ids of messages with pictures from before `before`, in milliseconds since the epoch. */
  withFilesBefore(before: number, limit: number): readonly string[];
  close(): void;
}

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

function toMessage(row: Row): StandingMessage {
  const body: MessageBody = JSON.parse(row.body);
  const edited = row.edited_at === null ? {} : { editedAt: row.edited_at };
  return { id: String(row.id), at: row.at, ...edited, ...body };
}

function filesOf(body: MessageBody): readonly string[] {
  const pictures = body.kind === 'reply' ? body.reply.pictures : (body.pictures ?? []);
  return pictures.map((picture) => picture.file);
}

/** @param path an SQLite file, made when missing. */
export function openMessageLog(path: string): MessageLog {
  const db = new Database(path, { timeout: 5000 });
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(SCHEMA);

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

  const oldWithFiles = db.prepare(
    'select distinct id from messages join message_files on message_id = id where at < ? order by id limit ?',
  );

  function setFiles(id: number, files: readonly string[]): void {
    dropFiles.run(id);
    for (const file of files) addFile.run(id, file);
  }

  function findByNonce(nonce: string): string | undefined {
    const row = byNonce.get(nonce) as Pick<Row, 'id'> | undefined;
    return row === undefined ? undefined : String(row.id);
  }

  const append = db.transaction((nonce: string, at: number, visible: boolean, body: MessageBody): Appended => {
    const existing = findByNonce(nonce);
    if (existing !== undefined) return { id: existing, isNew: false };
    const { lastInsertRowid } = insert.run(nonce, at, visible ? 1 : 0, JSON.stringify(body));
    setFiles(Number(lastInsertRowid), filesOf(body));
    return { id: String(lastInsertRowid), isNew: true };
  });

  const replace = db.transaction((id: string, body: MessageBody, editedAt: number): boolean => {
    if (update.run(JSON.stringify(body), editedAt, Number(id)).changes === 0) return false;
    setFiles(Number(id), filesOf(body));
    return true;
  });

  const discard = db.transaction((id: string): void => {
    forget.run(Number(id));
    dropFiles.run(Number(id));
  });

  const remove = db.transaction((id: string): void => {
    clear.run(Number(id));
    dropFiles.run(Number(id));
  });

  return {
    append: ({ nonce, at, visible, body }) => append(nonce, at, visible, body),
    findByNonce,
    get(id) {
      const row = byId.get(Number(id)) as Row | undefined;
      return row === undefined ? undefined : { message: toMessage(row), visible: row.visible === 1 };
    },
    replace: (id, body, editedAt) => replace(id, body, editedAt),
    reveal: (id) => void show.run(Number(id)),
    remove: (id) => remove(id),
    discard: (id) => discard(id),
    page({ before, limit }) {
      const rows = newest.all(before === undefined ? Number.MAX_SAFE_INTEGER : Number(before), limit) as Row[];
      return rows.reverse().map(toMessage);
    },
    withFilesBefore(before, limit) {
      const rows = oldWithFiles.all(before, limit) as Pick<Row, 'id'>[];
      return rows.map(({ id }) => String(id));
    },
    usesFile: (file) => anyFile.get(file) !== undefined,
    close: () => void db.close(),
  };
}
