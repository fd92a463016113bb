import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWebPort } from '../../../src/platforms/web/index.ts';
import type { PostResult, WireUpload } from '../../../src/platforms/web/wire.ts';
import { pngOf } from '../../doubles/hostile-pictures.ts';
import { createFakeHandlers } from './fake-handlers.ts';
import { createClient, refusal, startWeb, type WebFixture } from './web-fixture.ts';

let web: WebFixture;
beforeEach(async () => {
  web = await startWeb();
});
afterEach(() => web.stop());

const ask = async (path: string, body: Record<string, unknown>) =>
  (await (await web.client.post(path, { name: 'Ada', ...body })).json()) as PostResult;

async function finished() {
  await web.client.say('/imagine a fox');
  await web.double.settled();
  const [, reply] = await web.client.messages();
  if (reply?.kind !== 'reply') throw new Error('Easel answered');
  return reply;
}

const discs = (side = 32) =>
  sharp({ create: { width: side, height: side, channels: 3, background: '#c33' } })
    .png()
    .toBuffer();

async function handOver(data: Uint8Array, type = 'image/png', name = 'Ada') {
  const headers = { 'Content-Type': type };
  return fetch(`${web.port.url}/api/uploads?name=${name}`, { method: 'POST', headers, body: new Uint8Array(data) });
}

/** Of a length that is not told before. */
async function handOverInPieces(mebibytes: number) {
  const piece = new Uint8Array(1024 * 1024);
  const body = new ReadableStream({
    start: (controller) => {
      for (let sent = 0; sent < mebibytes; sent += 1) controller.enqueue(piece);
      controller.close();
    },
  });
  const headers = { 'Content-Type': 'image/png' };
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
  return fetch(`${web.port.url}/api/uploads?name=Ada`, init);
}

describe('forms', () => {
  it('are opened by a button, and what is wrong with one is told to its sender alone', async () => {
    const { id, reply } = await finished();
    const remix = reply.buttons.flat().find((button) => button.label === '✏️');
    const opened = await ask(`/api/messages/${id}/buttons`, { button: remix?.id });
    expect(opened).toMatchObject({ kind: 'form', form: { title: 'Remix', fields: [{ value: 'a fox' }, {}, {}] } });
    const form = 'form:v1:remix:job1:0';
    const refused = await ask('/api/forms', { form, values: { prompt: 'a hare', seed: 'x' } });
    expect(refused).toMatchObject({ kind: 'private', reply: { state: 'error' } });
    expect(await ask('/api/forms', { form, values: { prompt: 'a hare\r\nat noon', seed: '3' } })).toEqual({
      kind: 'posted',
    });
    await web.double.settled();
    expect(web.double.requests.at(-1)).toMatchObject({
      kind: 'form',
      formId: form,
      values: { prompt: 'a hare\nat noon' },
    });
    expect(await web.client.replies()).toHaveLength(2);
  });

  it('sent twice make one job', async () => {
    const form = { form: 'form:v1:remix:job1:0', values: { prompt: 'a hare', seed: '3' }, requestId: 'r1' };
    expect(await Promise.all([ask('/api/forms', form), ask('/api/forms', form)])).toEqual([
      { kind: 'posted' },
      { kind: 'posted' },
    ]);
    expect(web.double.requests).toHaveLength(1);
  });
});

describe('private answers', () => {
  it('have pictures and buttons that work, and leave no trace in the channel', async () => {
    const shown = await web.client.say('/show');
    if (shown.kind !== 'private') throw new Error('the answer is private');
    const [picture] = shown.reply.pictures;
    const response = await web.client.get(`/api/pictures/${picture?.file}`);
    expect((await sharp(await response.arrayBuffer()).metadata()).width).toBe(64);
    const older = await ask('/api/buttons', { button: shown.reply.buttons[0]?.[0]?.id });
    expect(older).toMatchObject({ kind: 'private', reply: { lines: [[{ text: 'Nothing is older.' }]] } });
    expect(await web.client.messages()).toEqual([]);
  });
});

describe('actions on a message', () => {
  it('are given its pictures and the ids of its buttons', async () => {
    const { id } = await finished();
    const told = await ask(`/api/messages/${id}/actions`, { action: 'recipe' });
    expect(JSON.stringify(told)).toMatch(/A file of [1-9]\d+ bytes\./);
    expect(web.double.requests.at(-1)).toMatchObject({
      kind: 'message_action',
      action: 'recipe',
      message: { messageId: id },
      buttonIds: expect.arrayContaining([expect.stringMatching(/^v1:upscale:/)]),
    });
    expect(await refusal(await web.client.post('/api/messages/999/actions', { name: 'Ada', action: 'vary' }))).toEqual([
      410,
      'That message was deleted.',
    ]);
  });

  it('link what they make to it', async () => {
    const { id, reply } = await finished();
    await ask(`/api/messages/${id}/buttons`, { button: reply.buttons[0]?.[0]?.id });
    await web.double.settled();
    expect((await web.client.replies()).at(-1)?.reply.parent).toBe(id);
  });
});

describe('pictures to begin from', () => {
  it('are handed over, attached once, and stand with the line that they came with', async () => {
    const upload = (await (await handOver(await discs())).json()) as WireUpload;
    expect(upload).toMatchObject({ width: 32, height: 32, mediaType: 'image/png' });
    await web.client.say('/imagine a fox', { attachments: [upload.upload] });
    const request = web.double.requests[0];
    const [given] = request?.kind === 'command' ? (request.pictures ?? []) : [];
    expect(await given?.fetch(1e6)).toEqual(new Uint8Array(await discs()));
    await expect(given?.fetch(10)).rejects.toHaveProperty('code', 'picture_too_large');
    const [said] = await web.client.messages();
    expect(said).toMatchObject({ kind: 'command', pictures: [{ file: upload.file }] });
    const told = await ask(`/api/messages/${said?.id}/actions`, { action: 'recipe' });
    expect(JSON.stringify(told)).toContain(`A file of ${(await discs()).length} bytes.`);
  });

  it('are refused in a sentence when they are no pictures, too large, somebody else’s, or came by another site', async () => {
    expect(await refusal(await handOver(Buffer.from('<svg/>')))).toEqual([
      415,
      'Easel does not read an SVG; give a PNG, JPEG or WebP.',
    ]);
    expect(await refusal(await handOver(Buffer.from('noise')))).toEqual([
      415,
      'Easel cannot read this file as a picture; give a PNG, JPEG or WebP.',
    ]);
    expect(await refusal(await handOver(Buffer.alloc(0)))).toEqual([415, 'The picture file is empty; send it again.']);
    expect(await refusal(await handOver(pngOf(10_000, 10_000, { hollow: true })))).toEqual([
      413,
      'The picture has 100 megapixels, but the limit is 50; give a smaller one.',
    ]);
    expect(await refusal(await handOver(await discs(), 'text/plain'))).toEqual([
      415,
      'Send a picture with Content-Type: image/png, image/jpeg or image/webp.',
    ]);
    expect(await refusal(await handOver(Buffer.alloc(26 * 1024 * 1024)))).toEqual([
      413,
      'A picture can have at most 25 MiB.',
    ]);
    const { upload } = (await (await handOver(await discs())).json()) as WireUpload;
    const stolen = await web.client.post('/api/messages', {
      name: 'Ben',
      line: '/imagine a fox',
      attachments: [upload],
    });
    expect(await refusal(stolen)).toEqual([410, 'The attached picture is no longer kept; attach it again.']);
    const headers = { 'Content-Type': 'image/png', Origin: 'https://elsewhere.example' };
    const url = `${web.port.url}/api/uploads?name=Ada`;
    const foreign = await fetch(url, { method: 'POST', headers, body: new Uint8Array(await discs()) });
    expect(foreign.status).toBe(403);
  });

  it('are refused as too large also when their length is not told before', async () => {
    expect(await refusal(await handOverInPieces(26))).toEqual([413, 'A picture can have at most 25 MiB.']);
  });

  it('are told upright, as a camera that was turned writes them', async () => {
    const turned = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c33' } })
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    expect(await (await handOver(turned, 'image/jpeg')).json()).toMatchObject({ width: 30, height: 40 });
  });

  it('leave nothing behind when the line was answered privately', async () => {
    const upload = (await (await handOver(await discs(48))).json()) as WireUpload;
    await web.client.say('/help', { attachments: [upload.upload] });
    expect(await web.client.messages()).toEqual([]);
  });
});

it('values are completed by whoever knows them', async () => {
  const response = await web.client.post('/api/completions', {
    ...{ name: 'Ada', command: 'imagine', option: 'style', typed: 'wa' },
  });
  expect(await response.json()).toEqual([{ label: 'watercolour – a style', value: 'watercolour' }]);
});

it('who moderates, and whether adults are alone, is the operator’s to say', async () => {
  await web.client.say('/imagine a fox');
  expect(web.double.requests[0]).toMatchObject({ isModerator: false, isAgeRestricted: false });
  const { pino } = await import('pino');
  const dataFolder = `${web.dataFolder}/other`;
  const existing = { isModerator: true, isAgeRestricted: true };
  const offered = { commands: [], messageActions: [], permissions: existing };
  const port = createWebPort({ host: '127.0.0.1', port: 0, dataFolder, log: pino({ level: 'silent' }), ...offered });
  const fake = createFakeHandlers(() => port);
  await port.start(fake);
  await createClient(port.url).say('/imagine a fox');
  expect(fake.requests[0]).toMatchObject(existing);
  await fake.settled();
  await port.stop();
});
