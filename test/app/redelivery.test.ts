import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { encodeButtonId } from '../../src/core/button.ts';
import { jobIdOf } from '../../src/core/job-id.ts';
import type { Request } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import { createRecordingChannel, type RecordingChannel, statesOf, textOf } from '../doubles/recording-channel.ts';
import { createSlowEngine, type SlowEngine } from '../doubles/slow-engine.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/tasks.ts';

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
const said = (result: DispatchResult) => (result.kind === 'private' ? textOf(result.reply) : result.kind);

describe('an event that a platform delivers again after a restart', () => {
  let folder: string;
  let channel: RecordingChannel;
  let engine: SlowEngine;
  let app: App;

  async function start(options = { atOnce: true }): Promise<void> {
    engine = createSlowEngine(options);
    const config = readConfig({ EASEL_DATA: folder, EASEL_COUNT: '1', EASEL_CONCURRENCY: '1' });
    app = await createApp(config, { engine, ports: [channel], log: pino({ level: 'silent' }) });
    await app.start();
  }

  async function restart(options?: { atOnce: boolean }): Promise<void> {
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
    expect(said(await channel.dispatch(press('star', 'star', 'imagine')))).toBe('That was done already.');
    expect(said(await channel.dispatch(press('star2', 'star', 'imagine')))).toContain('taken away');
    await channel.dispatch(press('delete', 'delete', 'imagine'));
    await areShown();
    await restart();
    expect(said(await channel.dispatch(press('delete', 'delete', 'imagine')))).toContain('was deleted');
  });

  it('cancels no other picture', async () => {
    await restart({ atOnce: false });
    for (const id of ['one', 'two', 'three']) await channel.dispatch(type(id, 'imagine', id));
    expect(said(await channel.dispatch(type('cancel', 'cancel', '')))).toBe('Cancelled **three**.');
    await channel.dispatch(press('button', 'cancel', 'two'));
    await areShown('running', 'cancelled', 'cancelled');
    await restart({ atOnce: false });
    expect(said(await channel.dispatch(type('cancel', 'cancel', '')))).toBe('That was done already.');
    expect(said(await channel.dispatch(press('button', 'cancel', 'two')))).toContain('nothing to cancel');
    (await engine.begun(0)).finish();
    await areShown('done', 'cancelled', 'cancelled');
  });
});
