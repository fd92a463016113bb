import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReplyPicture } from '../../../src/core/reply.ts';
import { WEB_CHANNEL } from '../../../src/platforms/web/index.ts';
import type { Store } from '../../../src/store/port.ts';
import { type Pruned, prune } from '../../../src/store/prune.ts';
import { openStore } from '../../../src/store/store.ts';
import { createFakeHandlers, type FakeHandlers } from './fake-handlers.ts';
import { createClient, openWebPort, type WebPort } from './web-fixture.ts';

const SIDE = 32;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Of noise, so that no two are alike or much smaller than others. */
async function noise(name: string): Promise<ReplyPicture> {
  const data = await sharp({
    create: {
      width: SIDE,
      height: SIDE,
      channels: 3,
      background: 'white',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .png()
    .toBuffer();
  return { name, mediaType: 'image/png', data, width: SIDE, height: SIDE, alt: name };
}

describe('pruning of the web channel', () => {
  let folder: string;
  let store: Store;
  let port: WebPort;
  let fake: FakeHandlers;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-web-prune-'));
    store = openStore(folder, async ({ rgb }) => rgb);
    port = openWebPort(folder);
    fake = createFakeHandlers(() => port);
    await port.start(fake);
  });
  afterEach(async () => {
    await fake.settled();
    await port.stop();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  /** Milliseconds pass, so that one is older than the next. */
  async function post(nonce: string, ...pictures: readonly ReplyPicture[]): Promise<void> {
    await sleep(5);
    const lines = [[{ kind: 'text', text: nonce }]] as const;
    await port.post(WEB_CHANNEL, { state: 'done', lines, pictures, buttons: [] }, nonce);
  }

  function run(pictureBytes: number, now = Date.now()): Promise<Pruned> {
    const { signal } = new AbortController();
    const keeping = { pictureDays: 30, recipeDays: 365, pictureBytes };
    return prune({
      ...store,
      messages: port.pictures === undefined ? [] : [port.pictures],
      retention: keeping,
      now,
      signal,
    });
  }

  const storedFiles = () => readdirSync(join(folder, 'web', 'pictures'));
  const shown = async () =>
    (await createClient(port.url).replies()).map(({ reply: { lines, pictures } }) => ({
      said: lines.flat().map((span) => ('text' in span ? span.text : '')),
      pictures: pictures.map(({ name }) => name),
    }));
  const GONE = 'The picture files were deleted; the buttons draw the picture again.';

  it('takes the oldest pictures out of its messages when there are too many, and the messages say so', async () => {
    const [a, b, c] = [await noise('a'), await noise('b'), await noise('c')];
    await post('first', a);
    await post('second', b);
    await post('third', c);
    const limit = b.data.length + c.data.length;
    expect(await run(limit)).toMatchObject({ messages: 1, bytes: a.data.length });
    expect(await shown()).toEqual([
      { said: ['first', GONE], pictures: [] },
      { said: ['second'], pictures: ['b'] },
      { said: ['third'], pictures: ['c'] },
    ]);
    expect(storedFiles()).toHaveLength(2);
    expect(await run(limit)).toMatchObject({ messages: 0, bytes: 0 });
  });

  it('counts a picture once that several messages show, and keeps it for the newest', async () => {
    const [a, b] = [await noise('a'), await noise('b')];
    await post('first', a, b);
    await post('second', a);
    expect(await run(a.data.length + b.data.length)).toMatchObject({ messages: 0 });
    await run(a.data.length);
    expect((await shown()).map(({ pictures }) => pictures)).toEqual([[], ['a']]);
    expect(storedFiles()).toHaveLength(1);
  });

  it('takes out what is too old, also what people gave with what they said', async () => {
    await post('reply', await noise('a'));
    const client = createClient(port.url);
    const given = await fetch(`${port.url}/api/uploads?name=Ada`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/png' },
      body: new Uint8Array((await noise('given')).data),
    });
    const { upload } = (await given.json()) as { upload: string };
    await client.say('/imagine a fox', { attachments: [upload] });
    await fake.settled();
    const withPictures = async () => (await client.messages()).filter((one) => one.kind === 'command' && one.pictures);
    expect(await withPictures()).toHaveLength(1);
    await run(1e9, Date.now() + 29 * DAY_MS);
    expect(await withPictures()).toHaveLength(1);
    await run(1e9, Date.now() + 31 * DAY_MS);
    expect(await withPictures()).toEqual([]);
    expect((await shown()).flatMap(({ pictures }) => pictures)).toEqual([]);
    expect(storedFiles()).toEqual([]);
  });
});
