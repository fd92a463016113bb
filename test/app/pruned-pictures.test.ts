import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../engine/index.ts';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import type { RemotePicture, Request } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { Store } from '../../src/store/port.ts';
import { prune } from '../../src/store/prune.ts';
import {
  buttonId,
  buttonsOf,
  createRecordingChannel,
  type RecordingChannel,
  statesOf,
  textOf,
} from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';
import { tinyModel } from '../engine/goldens.ts';

const MODEL = tinyModel('tiny-conv');
const SOON = { timeout: 60_000 };
const DAY_MS = 86_400_000;

describe('pictures whose files were pruned', () => {
  let folder: string;
  let channel: RecordingChannel;
  let app: App;
  let store: Store;
  let events = 0;

  const from = () => ({ id: `event-${events++}`, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY });
  const send = (request: Request) => channel.dispatch(request);
  const say = (command: string, text: string, pictures: readonly RemotePicture[] = []) =>
    send({ ...from(), kind: 'command', command, options: {}, text, pictures });
  const press = (index: number, label: string) => {
    const id = buttonId(channel.messages[index], label);
    return send({ ...from(), kind: 'button', buttonId: id, message: channel.ref(index), pictures: [] });
  };
  const areShown = (...states: string[]) => expect.poll(() => statesOf(channel.messages), SOON).toEqual(states);
  const told = (result: DispatchResult) => (result.kind === 'private' ? textOf(result.reply) : result.kind);

  async function pruneAll(): Promise<void> {
    const keeping = { pictureDays: 1, pictureBytes: 0, recipeDays: 365 };
    const { signal } = new AbortController();
    const removed = await prune({ ...store, messages: [], retention: keeping, now: Date.now() + 2 * DAY_MS, signal });
    expect(removed.pictures).toBe(1);
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-pruned-'));
    channel = createRecordingChannel();
    const config = readConfig({ EASEL_DATA: folder, EASEL_MODEL: MODEL, EASEL_COUNT: '2' });
    app = await createApp(config, {
      engine: createEngine({ modelSources: [MODEL], threads: 1 }),
      ports: [channel],
      log: pino({ level: 'silent' }),
      wrapStore: (opened) => {
        store = opened;
        return opened;
      },
    });
    await app.start();
  });
  afterEach(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  it('are enlarged, varied and drawn anew all the same, and the very same from their recipe', async () => {
    await say('imagine', 'a red circle --steps 2 --size 64x64 --seed 7');
    await areShown('done');
    const before = channel.messages[0]?.pictures[0]?.data ?? new Uint8Array();
    await pruneAll();
    for (const label of ['U2', 'V1', '🔄']) await press(0, label);
    await areShown('done', 'done', 'done', 'done');
    expect(textOf(channel.messages[1])).toContain('· upscaled ×2\nseed 8 · 128×128');

    const shown = await say('show', '4');
    expect(told(shown)).toContain('**a red circle** – @Ada\nseed 7 to 8 · 64×64 · 2 steps');
    expect(told(shown)).toContain(
      'The picture files were deleted; the recipe is kept. ✏️ draws the same pictures again, 🔄 draws',
    );
    if (shown.kind !== 'private') throw new Error('it is shown in private');
    expect(shown.reply.pictures).toEqual([]);
    expect(buttonsOf(shown.reply)[0]).toBe('U1 U2 🔄');
    const opened = await press(0, '✏️');
    if (opened.kind !== 'form') throw new Error('a form is opened');
    const values = Object.fromEntries(opened.form.fields.map(({ name, value }) => [name, value]));
    await send({ ...from(), kind: 'form', formId: opened.form.id, values });
    await areShown('done', 'done', 'done', 'done', 'done');
    expect(channel.messages[4]?.pictures[0]?.data).toEqual(before);
  });

  it('say so in a sentence where the picture that they began from is gone as well', async () => {
    await say('imagine', 'a red circle --steps 2 --size 64x64 --count 1');
    await areShown('done');
    const data = channel.messages[0]?.pictures[0]?.data ?? new Uint8Array();
    const given = { name: 'given', mediaType: 'image/png', byteLength: data.length, fetch: async () => data };
    await press(0, '🗑');
    await say('imagine', 'a blue one --steps 4 --count 1', [given]);
    await areShown('done');
    await pruneAll();
    const id = buttonId(channel.messages[0], '🔄');
    await send({ ...from(), kind: 'button', buttonId: id, message: channel.ref(1), pictures: [] });
    await areShown('done', 'failed');
    expect(textOf(channel.messages[1])).toContain('The init image is no longer kept; send it again.');
  });
});
