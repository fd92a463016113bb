import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { encodeButtonId } from '../../src/core/button.ts';
import { encodeFormId } from '../../src/core/form.ts';
import { jobIdOf } from '../../src/core/job-id.ts';
import type { Request } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { Store } from '../../src/store/port.ts';
import { type ControlledEngine, createControlledEngine } from '../doubles/controlled-engine.ts';
import { createRecordingChannel, type RecordingChannel, statesOf, textOf } from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

const from = (id: string) => ({ id, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY });
const type = (id: string, command: string, text: string): Request => ({
  ...from(id),
  ...{ kind: 'command', command, options: {}, text },
});
const press = (id: string, action: 'reroll' | 'star' | 'delete' | 'cancel', of: string): Request => ({
  ...from(id),
  ...{ kind: 'button', pictures: [], message: { channel: CHANNEL, messageId: 'm0' } },
  buttonId: encodeButtonId({ action, jobId: jobIdOf('web', of), index: 0 }),
});
const pressId = (id: string, buttonId: string): Request => ({
  ...from(id),
  ...{ kind: 'button', buttonId, pictures: [], message: { channel: CHANNEL, messageId: 'm0' } },
});
const remixOf = (of: string) => encodeFormId({ form: 'remix', picture: { jobId: jobIdOf('web', of), index: 0 } });

/** Sends an opened form with some of its fields changed. */
function fill(id: string, opened: DispatchResult, changes: Readonly<Record<string, string>>): Request {
  if (opened.kind !== 'form') throw new Error(`no form was opened: ${opened.kind}`);
  const { form } = opened;
  const values = { ...Object.fromEntries(form.fields.map(({ name, value }) => [name, value])), ...changes };
  return { ...from(id), kind: 'form', formId: form.id, values };
}

interface StartOptions {
  readonly atOnce?: boolean;
  /** False: as if killed between doing what an event asks for and taking note of it. */
  readonly notesWhatIsDone?: boolean;
}

function forgetWhatIsDone(store: Store): Store {
  return {
    ...store,
    values: <Value>(namespace: string) => {
      const values = store.values<Value>(namespace);
      const isDone = (value: unknown) => namespace === 'handled' && typeof value === 'number';
      const set: typeof values.set = async (key, value) => (isDone(value) ? undefined : values.set(key, value));
      return { ...values, set };
    },
  };
}

const said = (result: DispatchResult) => (result.kind === 'private' ? textOf(result.reply) : result.kind);

describe('an event that a platform delivers again after a restart', () => {
  let folder: string;
  let channel: RecordingChannel;
  let engine: ControlledEngine;
  let app: App;

  async function start({ atOnce = true, notesWhatIsDone = true }: StartOptions = {}): Promise<void> {
    engine = createControlledEngine({ atOnce });
    const config = readConfig({ EASEL_DATA: folder, EASEL_COUNT: '1', EASEL_CONCURRENCY: '1' });
    const log = pino({ level: 'silent' });
    const wrapStore = notesWhatIsDone ? (store: Store) => store : forgetWhatIsDone;
    app = await createApp(config, { engine, ports: [channel], log, wrapStore });
    await app.start();
  }

  async function restart(options?: StartOptions): Promise<void> {
    await app.stop();
    await start(options);
  }

  const areShown = (...states: string[]) => expect.poll(() => statesOf(channel.messages)).toEqual(states);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-redelivery-'));
    channel = createRecordingChannel();
    await start();
  });
  afterEach(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  it('makes no second picture: neither a command nor a button', async () => {
    await channel.dispatch(type('imagine', 'imagine', 'a fox'));
    await areShown('done');
    await channel.dispatch(press('again', 'reroll', 'imagine'));
    await areShown('done', 'done');
    await restart();
    expect(said(await channel.dispatch(type('imagine', 'imagine', 'a fox')))).toBe('posted');
    expect(said(await channel.dispatch(press('again', 'reroll', 'imagine')))).toBe('posted');
    await areShown('done', 'done');
    expect(engine.runs).toHaveLength(0);
  });

  it('takes no star away again, and deletes nothing twice', async () => {
    await channel.dispatch(type('imagine', 'imagine', 'a fox'));
    await areShown('done');
    expect(said(await channel.dispatch(press('star', 'star', 'imagine')))).toContain('Starred');
    await restart();
    expect(said(await channel.dispatch(press('star', 'star', 'imagine')))).toBe('That was already done.');
    expect(said(await channel.dispatch(press('star2', 'star', 'imagine')))).toContain('is removed');
    await channel.dispatch(press('delete', 'delete', 'imagine'));
    await areShown();
    await restart();
    expect(said(await channel.dispatch(press('delete', 'delete', 'imagine')))).toContain('was deleted');
  });

  it('does not undo what was set since, by command or form', async () => {
    await channel.dispatch(type('first', 'settings', '--count 2'));
    const opened = await channel.dispatch(pressId('open', encodeFormId({ form: 'settings' })));
    await channel.dispatch(fill('form', opened, { count: '3', size: '64x64' }));
    await channel.dispatch(type('last', 'settings', '--count 4'));
    await restart();
    expect(said(await channel.dispatch(type('first', 'settings', '--count 2')))).toBe('That was already done.');
    expect(said(await channel.dispatch(fill('form', opened, { count: '3' })))).toBe('That was already done.');
    expect(said(await channel.dispatch(type('ask', 'settings', '')))).toContain('`size` 64×64\n`count` 4');
  });

  it('makes no second picture of a form', async () => {
    await channel.dispatch(type('imagine', 'imagine', 'a fox'));
    await areShown('done');
    const opened = await channel.dispatch(pressId('open', remixOf('imagine')));
    await channel.dispatch(fill('form', opened, { prompt: 'a hare' }));
    await areShown('done', 'done');
    await restart();
    expect(said(await channel.dispatch(fill('form', opened, { prompt: 'a hare' })))).toBe('posted');
    await areShown('done', 'done');
    expect(engine.runs).toHaveLength(0);
  });

  describe('because the bot was killed before it took note that it was done', () => {
    it('leaves a star where it is', async () => {
      await restart({ notesWhatIsDone: false });
      await channel.dispatch(type('imagine', 'imagine', 'a fox'));
      await areShown('done');
      expect(said(await channel.dispatch(press('star', 'star', 'imagine')))).toContain('Starred');
      await restart();
      expect(said(await channel.dispatch(press('star', 'star', 'imagine')))).toContain('Starred');
      expect(said(await channel.dispatch(type('show', 'show', 'starred')))).toContain('a fox');
      expect(said(await channel.dispatch(press('star', 'star', 'imagine')))).toContain('Starred');
    });

    it('cancels no other picture', async () => {
      await restart({ atOnce: false, notesWhatIsDone: false });
      for (const id of ['one', 'two', 'three']) await channel.dispatch(type(id, 'imagine', id));
      expect(said(await channel.dispatch(type('cancel', 'cancel', '')))).toBe('Cancelled **three**.');
      await restart({ atOnce: false });
      expect(said(await channel.dispatch(type('cancel', 'cancel', '')))).toBe('Cancelled **three**.');
      await areShown('running', 'waiting', 'cancelled');
    });
  });

  it('cancels no other picture', async () => {
    await restart({ atOnce: false });
    for (const id of ['one', 'two', 'three']) await channel.dispatch(type(id, 'imagine', id));
    expect(said(await channel.dispatch(type('cancel', 'cancel', '')))).toBe('Cancelled **three**.');
    await channel.dispatch(press('button', 'cancel', 'two'));
    await areShown('running', 'cancelled', 'cancelled');
    await restart({ atOnce: false });
    expect(said(await channel.dispatch(type('cancel', 'cancel', '')))).toBe('That was already done.');
    expect(said(await channel.dispatch(press('button', 'cancel', 'two')))).toContain('nothing to cancel');
    (await engine.begun(0)).finish();
    await areShown('done', 'cancelled', 'cancelled');
  });
});
