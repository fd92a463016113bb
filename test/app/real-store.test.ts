import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import type { RemotePicture, Request } from '../../src/core/request.ts';
import { readRecipeText } from '../../src/image/recipe-text.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import { createInstantEngine } from '../doubles/instant-engine.ts';
import { buttonId, createRecordingChannel, type RecordingChannel, textOf } from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

const SOON = { timeout: 20_000 };
/** Bytes: a grey WebP of this size, with its recipe, but no PNG. */
const MOST = 2500;

describe('the app over its own store', () => {
  let folder: string;
  let channel: RecordingChannel;
  let app: App;
  let events = 0;

  async function start(): Promise<void> {
    const config = readConfig({ EASEL_DATA: folder, EASEL_COUNT: '1' });
    app = await createApp(config, { engine: createInstantEngine(), ports: [channel], log: pino({ level: 'silent' }) });
    await app.start();
  }

  const from = () => ({ id: `event-${events++}`, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY });
  const send = (request: Request) => channel.dispatch(request);
  const say = (command: string, text = '', existing: { isModerator?: boolean } = {}) =>
    send({ ...from(), ...existing, kind: 'command', command, options: {}, text });
  const press = (index: number, label: string) => {
    const id = buttonId(channel.messages[index], label);
    return send({ ...from(), kind: 'button', buttonId: id, message: channel.ref(index), pictures: [] });
  };
  const isDone = (index: number) => expect.poll(() => channel.messages[index]?.state, SOON).toBe('done');
  const told = (result: DispatchResult) => (result.kind === 'private' ? textOf(result.reply) : result.kind);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-asking-'));
    channel = createRecordingChannel({ maxAttachmentBytes: MOST });
    await start();
  });
  afterEach(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  it('keeps settings, stars and pictures over a restart, and shows them when their message is gone', async () => {
    await say('settings', '--size 128x64 --style ink');
    await say('channel', '--spoiler', { isModerator: true });
    await say('imagine', 'a fox --seed 9');
    await isDone(0);
    expect(told(await press(0, '⭐'))).toContain('Starred: this picture is kept');
    channel.remove(0);
    await app.stop();
    await start();
    const shown = await say('show', 'starred');
    expect(told(shown)).toMatch(/ink drawing of a fox, .*\nseed 9 · 128×64 · /);
    expect(shown).toMatchObject({ kind: 'private', reply: { pictures: [{ width: 128, height: 64, spoiler: true }] } });
    expect(told(await say('info'))).toContain('Easel ');
    expect(told(await say('settings'))).toContain('style');
  });

  it('gives a picture that is too large as PNG a recipe all the same, from which it is varied when its job is unknown', async () => {
    await say('imagine', 'лиса --seed 9 --size 1024x1024');
    await isDone(0);
    const [picture] = channel.messages[0]?.pictures ?? [];
    expect(picture?.mediaType).toBe('image/webp');
    const data = picture?.data ?? new Uint8Array();
    expect(await readRecipeText(data)).toMatch(/^лиса\nSteps: 3, .*Seed: 9, Size: 1024x1024, Model: Painted/);
    const uploaded: RemotePicture = {
      name: 'x',
      mediaType: 'image/webp',
      byteLength: undefined,
      fetch: async () => data,
    };
    const on = { message: { channel: CHANNEL, messageId: 'theirs' }, buttonIds: [], pictures: [uploaded] };
    expect(await send({ ...from(), kind: 'message_action', action: 'vary', ...on })).toEqual({ kind: 'posted' });
    await isDone(1);
    expect(textOf(channel.messages[1])).toMatch(/лиса.* – @Ada · variation\nseed 9, varied with \d+ at 0\.35/);
    expect(channel.messages[1]?.parent).toMatchObject({ messageId: 'theirs' });
  });

  it('answers a press with the form that asks, and the form with a picture that answers the first', async () => {
    await say('imagine', 'a fox --seed 9');
    await isDone(0);
    const opened = await press(0, '✏️');
    if (opened.kind !== 'form') throw new Error('a form is opened');
    const values = Object.fromEntries(opened.form.fields.map(({ name, value }) => [name, value]));
    await send({ ...from(), kind: 'form', formId: opened.form.id, values: { ...values, prompt: 'a hare' } });
    await isDone(1);
    expect(textOf(channel.messages[1])).toContain('**a hare** – @Ada\nseed 9 · ');
    expect(channel.messages[1]?.parent).toEqual(channel.ref(0));
  });

  it('shows nothing of one platform to another, whatever ids are sent', async () => {
    await say('imagine', 'a fox');
    await isDone(0);
    const id = buttonId(channel.messages[0], '📄');
    const slack = { platform: 'slack', channelId: 'C1' } as const;
    const user = { platform: 'slack', id: 'U1', name: 'Eve' } as const;
    const message = { channel: slack, messageId: '1' };
    const pressed = { ...from(), user, channel: slack, kind: 'button', message, pictures: [] } as const;
    expect(told(await send({ ...pressed, buttonId: id }))).toContain('no longer kept here');
    const [, , jobId] = id.split(':');
    const values = { prompt: 'a hare' };
    const filled = {
      ...from(),
      user,
      channel: slack,
      kind: 'form',
      formId: `form:v1:remix:${jobId}:0`,
      values,
    } as const;
    expect(told(await send(filled))).toContain('no longer kept here');
  });
});
