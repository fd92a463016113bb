import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { type ControlledEngine, createControlledEngine } from '../doubles/controlled-engine.ts';
import { createRecordingChannel, type RecordingChannel, statesOf, textOf } from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

describe('a picture that is drawn and on its way to the channel', () => {
  let folder: string;
  let channel: RecordingChannel;
  let engine: ControlledEngine;
  let app: App;
  let events = 0;

  async function say(command: string, text = ''): Promise<string> {
    const from = { id: `event-${events++}`, user: personNamed('Ada'), channel: CHANNEL, ...ORDINARY };
    const result = await channel.dispatch({ ...from, kind: 'command', command, options: {}, text });
    return result.kind === 'private' ? textOf(result.reply) : result.kind;
  }
  const states = async () => (await app.queue.cancellable(personNamed('Ada'))).map(({ state }) => state);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-cancel-'));
    channel = createRecordingChannel();
    engine = createControlledEngine();
    const config = readConfig({ EASEL_DATA: folder, EASEL_COUNT: '1', EASEL_CONCURRENCY: '1' });
    app = await createApp(config, { engine, ports: [channel], log: pino({ level: 'silent' }) });
    await app.start();
  });
  afterEach(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  it('is found by /cancel, holds up no other, and does not come after all', async () => {
    await say('imagine', 'a fox');
    const run = await engine.begun(0);
    await expect.poll(() => statesOf(channel.messages)).toEqual(['running']);
    channel.hang();
    run.finish();
    await expect.poll(states).toEqual(['rendered']);
    await say('imagine', 'a hare');
    await engine.begun(1);
    expect(await say('cancel', 'all')).toBe('Cancelled **a hare**.\nCancelled **a fox**.');
    expect(await say('cancel')).toBe('You have no waiting or running pictures to cancel.');
    channel.comeUp();
    await expect.poll(() => statesOf(channel.messages)).toEqual(['cancelled', 'cancelled']);
    expect(channel.messages.flatMap(({ pictures }) => pictures)).toEqual([]);
  });
});
