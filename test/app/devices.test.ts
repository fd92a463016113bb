import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine, type EngineHost } from '../../engine/index.ts';
import { type App, createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { createLog } from '../../src/lib/log.ts';
import { buttonId, createRecordingChannel, type RecordingChannel } from '../doubles/recording-channel.ts';
import { CHANNEL, ORDINARY, personNamed } from '../doubles/samples.ts';

const MODEL = fileURLToPath(new URL('../fixtures/models/tiny-conv', import.meta.url));
const PATIENCE = { timeout: 20_000 };

describe('the app with two devices', () => {
  let folder: string;
  let channel: RecordingChannel;
  let engine: EngineHost;
  let app: App;
  let requests = 0;
  let outcomes: string[];
  /** Ids of jobs that were denoised at least five steps. */
  let drawing: Set<string>;

  const from = (name: string) => ({
    id: `event-${requests++}`,
    user: personNamed(name),
    channel: CHANNEL,
    ...ORDINARY,
  });
  const say = (name: string, command: string, text: string) =>
    channel.dispatch({ ...from(name), kind: 'command', command, options: {}, text });
  const draw = (name: string, text: string) => say(name, 'imagine', `${text} --size 128x128 --count 1`);
  const runningByDevice = () => engine.devices?.map(({ running }) => running);
  const isDone = (index: number) => expect.poll(() => channel.messages[index]?.state, PATIENCE).toBe('done');

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'easel-devices-'));
    channel = createRecordingChannel();
    outcomes = [];
    drawing = new Set();
    const config = readConfig({
      ...{ EASEL_DATA: folder, EASEL_MODEL: MODEL, EASEL_CONCURRENCY: '1', EASEL_THREADS: '1' },
      ...{ EASEL_PROVIDER: 'cpu', EASEL_DEVICES: '0,1' },
    });
    engine = createEngine({ modelSources: [MODEL], previewEvery: 1, ...config.execution });
    app = await createApp(config, { engine, ports: [channel], log: createLog('silent') });
    app.queue.onOutcome(({ kind }) => outcomes.push(kind));
    app.queue.onProgress((job, { phase, step }) => phase === 'denoising' && step > 4 && drawing.add(job.id));
    await app.start();
  });
  afterEach(async () => {
    await app.stop();
    rmSync(folder, { recursive: true });
  });

  it('moves the requests of a device whose engine is killed to the other, and posts each once', async () => {
    const people = ['Ada', 'Bo', 'Cy', 'Di'];
    for (const [index, name] of people.entries()) await draw(name, `a red circle --steps 30 --seed ${index}`);
    await expect.poll(runningByDevice, PATIENCE).toEqual([1, 1]);
    const status = await say('Ada', 'info', '');
    expect(JSON.stringify(status)).toMatch(/Device 0.*1 running.*Device 1.*1 running/);
    await expect.poll(() => drawing.size, PATIENCE).toBe(2);
    const [, pid] = engine.pids;
    if (pid === undefined) throw new Error('the second device has no process');
    process.kill(pid, 'SIGKILL');
    for (const index of people.keys()) await isDone(index);
    expect(channel.messages).toHaveLength(people.length);
    expect(outcomes).toEqual(people.map(() => 'rendered'));
  });

  it('cancels the request of one device while the other goes on', async () => {
    await draw('Ada', 'a red circle --steps 30 --seed 1');
    await draw('Bo', 'a red circle --steps 30 --seed 2');
    await expect.poll(runningByDevice, PATIENCE).toEqual([1, 1]);
    const pressed = buttonId(channel.messages[1], '❌');
    await channel.dispatch({
      ...{ ...from('Bo'), kind: 'button', buttonId: pressed, message: channel.ref(1), pictures: [] },
    });
    await expect.poll(runningByDevice, PATIENCE).toEqual([1, 0]);
    await isDone(0);
    expect(outcomes).toEqual(['cancelled', 'rendered']);
  });
});
