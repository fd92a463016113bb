import { closeSync, openSync, truncateSync, writeSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reply, ReplyPicture } from '../../../src/core/reply.ts';
import { MessageGoneError } from '../../../src/platforms/port.ts';
import { createFakeHandlers } from './fake-handlers.ts';
import { createClient, openWebPort, refusal, type WebPort } from './web-fixture.ts';

const channel = { platform: 'web', channelId: 'easel' } as const;
let folder: string;
let port: WebPort;

async function restart(): Promise<void> {
  await port.stop();
  port = openWebPort(folder);
  await port.start(createFakeHandlers(() => port));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'easel-web-port-'));
  port = openWebPort(folder);
  await port.start(createFakeHandlers(() => port));
});
afterEach(async () => {
  await port.stop();
  await rm(folder, { recursive: true, force: true });
});

function reply(state: Reply['state'], sentence: string, pictures: readonly ReplyPicture[] = []): Reply {
  return { state, lines: [[{ kind: 'text', text: sentence }]], pictures, buttons: [] };
}

async function picture(colour: string): Promise<ReplyPicture> {
  const data = await sharp({ create: { width: 8, height: 8, channels: 3, background: colour } })
    .png()
    .toBuffer();
  return { name: `${colour}.png`, mediaType: 'image/png', data, width: 8, height: 8, alt: colour };
}

const shown = async () =>
  (await createClient(port.url).replies()).map(({ reply: { state, lines, pictures } }) => ({
    said: `${state}: ${lines
      .flat()
      .map((span) => ('text' in span ? span.text : ''))
      .join('')}`,
    pictures: pictures.map(({ name }) => name),
  }));
const storedFiles = () => readdir(join(folder, 'web', 'pictures'));

describe('the web port', () => {
  it('posts once for one nonce, also at once and after a restart', async () => {
    const refs = await Promise.all([
      port.post(channel, reply('waiting', 'one'), 'job'),
      port.post(channel, reply('waiting', 'again'), 'job'),
    ]);
    await restart();
    const later = await port.post(channel, reply('done', 'later'), 'job');
    expect(new Set([...refs, later].map((ref) => ref.messageId)).size).toBe(1);
    expect(await shown()).toEqual([{ said: 'waiting: one', pictures: [] }]);
  });

  it('can post before it is started', async () => {
    await port.stop();
    port = openWebPort(folder);
    await port.post(channel, reply('done', 'recovered'), 'job');
    await port.start(createFakeHandlers(() => port));
    expect(await shown()).toEqual([{ said: 'done: recovered', pictures: [] }]);
  });

  it('replaces the whole reply at an edit and drops pictures that nothing shows any more', async () => {
    const message = await port.post(channel, reply('done', 'red', [await picture('red')]), 'job');
    await port.edit(message, reply('done', 'blue', [await picture('blue')]));
    expect(await shown()).toEqual([{ said: 'done: blue', pictures: ['blue.png'] }]);
    expect(await storedFiles()).toHaveLength(1);
  });

  it('keeps a picture that another message still shows', async () => {
    const red = await picture('red');
    const first = await port.post(channel, reply('done', 'one', [red]), 'a');
    await port.post(channel, reply('done', 'two', [red]), 'b');
    await port.delete(first);
    expect(await storedFiles()).toHaveLength(1);
  });

  it('keeps previews off the disk, and final pictures on it', async () => {
    const message = await port.post(channel, reply('waiting', 'soon'), 'job');
    await port.edit(message, { ...reply('running', 'half', [await picture('grey')]), progress: 0.5 });
    expect(await shown()).toEqual([{ said: 'running: half', pictures: ['grey.png'] }]);
    expect(await storedFiles()).toEqual([]);
    await port.edit(message, reply('done', 'there', [await picture('red')]));
    await restart();
    expect(await shown()).toEqual([{ said: 'done: there', pictures: ['red.png'] }]);
  });

  it('shows a running message as it was posted after a restart, until it is edited again', async () => {
    const message = await port.post(channel, reply('waiting', 'soon'), 'job');
    await port.edit(message, reply('running', 'half'));
    await restart();
    expect(await shown()).toEqual([{ said: 'waiting: soon', pictures: [] }]);
    await port.edit(message, reply('failed', 'no luck'));
    expect(await shown()).toEqual([{ said: 'failed: no luck', pictures: [] }]);
  });

  it('says that a deleted message is gone, and deletes it twice without trouble', async () => {
    const message = await port.post(channel, reply('done', 'red', [await picture('red')]), 'job');
    await port.delete(message);
    await port.delete(message);
    await expect(port.edit(message, reply('running', 'x'))).rejects.toThrow(MessageGoneError);
    await expect(port.edit(message, reply('done', 'x', [await picture('blue')]))).rejects.toThrow(MessageGoneError);
    expect(await port.post(channel, reply('done', 'red'), 'job')).toEqual(message);
    expect(await shown()).toEqual([]);
    expect(await storedFiles()).toEqual([]);
  });

  it('knows no other channel', async () => {
    const elsewhere = { platform: 'web', channelId: 'attic' } as const;
    await expect(port.post(elsewhere, reply('done', 'x'), 'job')).rejects.toThrow(MessageGoneError);
  });

  it('says in a sentence that its port is in use', async () => {
    const taken = Number(new URL(port.url).port);
    const second = openWebPort(await mkdtemp(join(folder, 'other-')), taken);
    await expect(second.start(createFakeHandlers(() => second))).rejects.toMatchObject({
      userMessage: `Port ${taken} on 127.0.0.1 is in use; choose another.`,
    });
    await second.stop();
  });

  it('says in a sentence that its folder cannot be used', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    expect(() => openWebPort(file)).toThrow(/^The data folder .*a-file\/web cannot be used/);
  });

  it.each([
    [
      'overwritten',
      'is not a database that Easel can read; move it away',
      (path: string) => overwrite(path, 4096, 0xa5),
    ],
    ['cut short', 'is not a database that Easel can read; move it away', (path: string) => truncateSync(path, 4096)],
    ['written by a newer Easel', 'was written by a newer Easel', (path: string) => overwrite(path, 60, 1, 4)],
  ])('says in a sentence that its messages were %s, and keeps its hands off', async (_what, sentence, damage) => {
    for (let index = 0; index < 20; index += 1)
      await port.post(channel, reply('done', 'x'.repeat(2000)), `job${index}`);
    await port.stop();
    const path = join(folder, 'web', 'messages.db');
    settleFile(path);
    damage(path);
    const { size } = await stat(path);
    expect(() => openWebPort(folder)).toThrow(sentence);
    expect((await stat(path)).size).toBe(size);
    await rm(path);
    port = openWebPort(folder);
  });

  it('tells a person in a sentence that the disk does not take what they say, and takes it when it does', async () => {
    await port.stop();
    const opened = vi.spyOn(Database.prototype, 'exec');
    port = openWebPort(folder);
    const database = opened.mock.contexts.find((context) => context instanceof Database);
    opened.mockRestore();
    await port.start(createFakeHandlers(() => port));
    const client = createClient(port.url);
    const say = () => client.post('/api/messages', { name: 'Ada', line: '/imagine a fox', requestId: 'fox' });
    database?.exec('PRAGMA query_only = ON');
    expect(await refusal(await say())).toEqual([
      503,
      'The disk for pictures is not writable; try again when it is writable.',
    ]);
    database?.exec('PRAGMA query_only = OFF');
    expect(await (await say()).json()).toMatchObject({ kind: 'posted' });
  });

  it('keeps its secret to its owner', async () => {
    const { mode } = await stat(join(folder, 'web', 'secret'));
    expect(mode & 0o077).toBe(0);
  });
});

/** What the write-ahead log holds goes into the file itself. */
function settleFile(path: string): void {
  const database = new Database(path);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
}

function overwrite(path: string, offset: number, byte: number, length = 4096): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(length, byte), 0, length, offset);
  closeSync(file);
}
