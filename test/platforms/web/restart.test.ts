import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { killServer, startFakeServer } from './start-fake-server.ts';
import { createClient } from './web-fixture.ts';

let folder: string;
let server: ChildProcess | undefined;

async function start(): Promise<string> {
  const started = await startFakeServer({ dataFolder: folder });
  server = started.process;
  return started.url;
}

async function kill(): Promise<void> {
  if (server !== undefined) await killServer(server);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'easel-web-restart-'));
});
afterEach(async () => {
  await kill();
  await rm(folder, { recursive: true, force: true });
});

describe('after kill -9', () => {
  it('every message that was answered stands, with its picture, and its buttons work', async () => {
    const before = createClient(await start());
    for (let i = 0; i < 3; i++) await before.say(`/imagine fox ${i}`);
    await expect.poll(async () => (await before.replies()).every(({ reply }) => reply.state === 'done')).toBe(true);
    const told = await before.messages();
    await kill();

    const after = createClient(await start());
    expect(await after.messages()).toEqual(told);
    const [reply] = await after.replies();
    const picture = await after.get(`/api/pictures/${reply?.reply.pictures[0]?.file}`);
    expect(picture.headers.get('content-type')).toBe('image/png');
    const button = reply?.reply.buttons[0]?.[0]?.id;
    const press = await after.post(`/api/messages/${reply?.id}/buttons`, { button, name: 'Ben' });
    expect(await press.json()).toEqual({ kind: 'posted' });
  });

  it('a person is still the same person, and a request sent again is still the same request', async () => {
    const before = createClient(await start());
    const { token, person } = (await (await before.post('/api/people', { name: 'Ada' })).json()) as {
      token: string;
      person: object;
    };
    const body = { line: '/imagine a fox', requestId: 'once' };
    await before.post('/api/messages', body, { Authorization: `Bearer ${token}` });
    await kill();

    const after = createClient(await start());
    const again = await after.post('/api/messages', body, { Authorization: `Bearer ${token}` });
    expect(await again.json()).toMatchObject({ kind: 'posted', message: { author: person } });
    const lines = (await after.messages()).filter(({ kind }) => kind === 'command');
    expect(lines).toHaveLength(1);
  });
});
