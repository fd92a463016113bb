import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../engine/index.ts';
import type { Drawing } from '../../src/deliver/attachments.ts';
import { createDeliver, type Deliver } from '../../src/deliver/deliver.ts';
import { createExplain } from '../../src/failure.ts';
import { createLocalQueue } from '../../src/queue/local.ts';
import type { JobQueue } from '../../src/queue/port.ts';
import { createRunner } from '../../src/runner.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import {
  buttonsOf,
  createRecordingChannel,
  type RecordingChannel,
  statesOf,
  textOf,
} from '../doubles/recording-channel.ts';
import { createSlowEngine, type SlowEngine } from '../doubles/slow-engine.ts';
import { draftOf } from '../doubles/tasks.ts';

const log = pino({ level: 'silent' });
const LIMITS = { maxWaitingPerUser: 100, maxWaiting: 100 };
const MAX_SIDE = 64;

const drawing: Drawing = {
  grid: async (pngs) => ({ png: Buffer.concat(pngs), width: MAX_SIDE, height: MAX_SIDE }),
  compress: async (png, quality) => png.slice(0, Math.ceil((png.length * quality) / 100)),
  preview: async (previews) => ({ png: Uint8Array.of(previews.length), width: MAX_SIDE, height: MAX_SIDE }),
};

describe('delivery', () => {
  let folder: string;
  let store: Store;
  let queue: JobQueue;
  let deliver: Deliver;
  let engine: SlowEngine;
  let channel: RecordingChannel;

  /** What one process does, up to the point where the engine begins to work. */
  function compose(): void {
    store = openStore(folder, async ({ rgb }) => rgb.slice(0, 3));
    engine = createSlowEngine();
    const explain = createExplain(log);
    queue = createLocalQueue({
      store,
      limits: LIMITS,
      explain: (error, job) => explain(error, { job: job.id }),
      closeGraceMs: 100,
    });
    const parts = { queue, jobs: store.jobs, pictures: store.pictures, drawing, log };
    deliver = createDeliver({ ...parts, ports: [channel], firstPauseMs: 5 });
  }

  async function work(): Promise<void> {
    await deliver.start();
    await queue.work(createRunner(engine, store));
  }

  async function letGo(): Promise<void> {
    await queue.close();
    await deliver.stop();
    await store.close();
  }

  async function restart(): Promise<void> {
    await letGo();
    compose();
    await work();
  }

  const submit = async (id: string, changes = {}) => (await queue.submit(draftOf(id, changes))).job;
  const shows = (index: number, expected: string) =>
    expect.poll(() => textOf(channel.messages[index]), { timeout: 5000 }).toContain(expected);
  const stateOf = async (jobId: string) => (await store.jobs.get(jobId))?.state;
  const reaches = (jobId: string, state: string) => expect.poll(() => stateOf(jobId), { timeout: 5000 }).toBe(state);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-deliver-'));
    channel = createRecordingChannel();
    compose();
  });
  afterEach(async () => {
    await letGo();
    rmSync(folder, { recursive: true });
  });

  it('shows a job from its place in the line to its picture, all in one message', async () => {
    await work();
    await submit('A1');
    const b1 = await submit('B1');
    const run = await engine.begun(0);
    await shows(1, '**B1** – @B (waiting, 1st in line)');
    expect(buttonsOf(channel.messages[1])).toEqual(['❌']);
    run.finish();
    const second = await engine.begun(1);
    second.step(1, 4, true);
    await shows(1, '(25%)');
    expect(channel.messages[1]?.pictures[0]?.data).toEqual(Uint8Array.of(1));
    second.finish();
    await shows(1, '**B1** – @B\nseed 1 · 64×64 · 4 steps · guidance 1 · ddim');
    expect(channel.messages).toHaveLength(2);
    expect(buttonsOf(channel.messages[1])).toEqual([
      'Upscale ×1.5 ×2 ×4 🔄 ✏️',
      'Vary a little Vary a lot ⭐ 📄 🗑',
      'Enlarge ×2',
    ]);
    await reaches(b1.id, 'delivered');
  });

  it('shows one drawing to two people who asked for the same, and again to who asks later, and says that then', async () => {
    await work();
    await submit('A1', { prompt: 'the same' });
    await submit('B1', { prompt: 'the same' });
    const run = await engine.begun(0);
    run.step(1, 4);
    await shows(0, '(25%)');
    await shows(1, '**the same** – @B (25%)');
    run.finish();
    await shows(0, '**the same** – @A\nseed 1');
    await shows(1, '**the same** – @B\nseed 1');
    expect(textOf(channel.messages[1])).not.toContain('again');
    const c1 = await submit('C1', { prompt: 'the same' });
    await shows(2, '**the same** – @C\nseed 1 · 64×64 · 4 steps · guidance 1 · ddim\nDrawn before, shown again.');
    expect(channel.messages[2]?.pictures).toHaveLength(1);
    await reaches(c1.id, 'delivered');
    expect(engine.runs).toHaveLength(1);
    expect(channel.messages).toHaveLength(3);
  });

  it('offers each picture of a grid to be enlarged and varied', async () => {
    await work();
    await submit('A1', { count: 3, seed: 0 });
    (await engine.begun(0)).finish();
    await shows(0, 'seed 0 to 2');
    expect(buttonsOf(channel.messages[0])).toEqual(['U1 U2 U3 🔄', 'V1 V2 V3 🗑', '✏️ ⭐ 📄']);
    expect(channel.messages[0]?.pictures[0]?.data).toEqual(Buffer.from([0, 0, 0, 1, 1, 1, 2, 2, 2]));
  });

  it('moves everyone’s place up as the line gets shorter, and says how long it will take', async () => {
    await work();
    for (const id of ['A1', 'B1', 'C1']) await submit(id);
    await shows(2, 'waiting, 2nd in line');
    (await engine.begun(0)).finish();
    await shows(2, 'waiting, 1st in line, ~1 s');
  });

  it('keeps the newest preview while steps without one go on', async () => {
    await work();
    await submit('A1');
    const run = await engine.begun(0);
    run.step(1, 4, true);
    await shows(0, '(25%)');
    run.step(2, 4);
    await shows(0, '(50%)');
    expect(channel.messages[0]?.pictures).toHaveLength(1);
  });

  it('leaves out previews where the platform cannot show them', async () => {
    await letGo();
    channel = createRecordingChannel({ previews: false });
    compose();
    await work();
    await submit('A1');
    (await engine.begun(0)).step(1, 4, true);
    await shows(0, '(25%)');
    expect(channel.messages[0]?.pictures).toEqual([]);
  });

  it('tries again until the channel takes the picture, and never draws it again', async () => {
    await work();
    const job = await submit('A1');
    const run = await engine.begun(0);
    await shows(0, 'starting');
    const trouble = { error: new Error('502 Bad Gateway') };
    channel.failNext(trouble, trouble, trouble);
    run.finish();
    await reaches(job.id, 'delivered');
    expect(statesOf(channel.messages)).toEqual(['done']);
    expect(engine.runs).toHaveLength(1);
  });

  it('posts one message even when the answer to the first post was lost', async () => {
    channel.failNext({ error: new Error('socket hang up'), after: true });
    await work();
    const job = await submit('A1');
    const run = await engine.begun(0);
    await shows(0, 'starting');
    run.finish();
    await reaches(job.id, 'delivered');
    expect(channel.messages).toHaveLength(1);
  });

  it('spaces the edits of a message as the platform asks, and skips what is old by then', async () => {
    await letGo();
    channel = createRecordingChannel({ minEditIntervalMs: 200 });
    compose();
    await work();
    await submit('A1');
    const run = await engine.begun(0);
    await shows(0, 'starting');
    for (let step = 1; step <= 100; step += 1) run.step(step, 100);
    await shows(0, '(100%)');
    expect(channel.history(0)).toHaveLength(2);
  });

  it('stops editing a message that a moderator removed, and keeps the result', async () => {
    await work();
    const job = await submit('A1');
    const run = await engine.begun(0);
    await shows(0, 'starting');
    channel.remove(0);
    run.step(1, 4);
    run.finish();
    await reaches(job.id, 'delivered');
    expect(channel.messages).toEqual([]);
    expect(await store.pictures.png(job.id, 0)).toBeDefined();
  });

  it('says why a job failed, and offers another try only where that makes sense', async () => {
    await work();
    for (const id of ['A1', 'B1', 'C1']) await submit(id);
    (await engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
    (await engine.begun(1)).fail(new EngineError('out_of_memory', 'There was not enough memory for this.'));
    (await engine.begun(2)).fail(new TypeError('x is not a function'));
    await shows(0, '**A1** – @A (failed)\nWidth must be a multiple of 8; try 512.');
    expect(buttonsOf(channel.messages[0])).toEqual([]);
    await shows(1, 'There was not enough memory for this.');
    expect(buttonsOf(channel.messages[1])).toEqual(['🔄 ✏️']);
    await expect.poll(() => textOf(channel.messages[2])).toMatch(/inside Easel.*reference [0-9a-f]{8}\./);
    expect(textOf(channel.messages[2])).not.toContain('not a function');
  });

  it('shows that a job goes on when the engine died under it', async () => {
    await work();
    await submit('A1');
    const run = await engine.begun(0);
    run.step(2, 4, true);
    await shows(0, '(50%)');
    run.fail(new EngineError('engine_crashed', 'The engine died.'));
    const again = await engine.begun(1);
    await shows(0, 'starting again');
    again.finish();
    await shows(0, 'seed 1');
    expect(channel.messages).toHaveLength(1);
  });

  it('shows a cancelled job as cancelled, with a way to ask again', async () => {
    await work();
    const job = await submit('A1');
    await engine.begun(0);
    await queue.cancel(job.id);
    await shows(0, '(cancelled)');
    expect(buttonsOf(channel.messages[0])).toEqual(['🔄 ✏️']);
  });

  it('delivers after a restart what was rendered before it, without drawing it again', async () => {
    await work();
    const job = await submit('A1');
    const run = await engine.begun(0);
    await shows(0, 'starting');
    channel.goDown();
    run.finish();
    await reaches(job.id, 'rendered');
    await letGo();
    channel.comeUp();
    compose();
    await work();
    await reaches(job.id, 'delivered');
    expect(statesOf(channel.messages)).toEqual(['done']);
    expect(engine.runs).toHaveLength(0);
  });

  it('goes on in the same message after a restart', async () => {
    await work();
    const [a1, b1] = [await submit('A1'), await submit('B1')];
    (await engine.begun(0)).step(2, 4);
    await shows(0, '(50%)');
    await shows(1, '1st in line');
    await restart();
    (await engine.begun(0)).finish();
    (await engine.begun(1)).finish();
    await reaches(a1.id, 'delivered');
    await reaches(b1.id, 'delivered');
    expect(statesOf(channel.messages)).toEqual(['done', 'done']);
  });

  it('tells after a restart of an end that it could not tell before', async () => {
    await work();
    const job = await submit('A1');
    const run = await engine.begun(0);
    await shows(0, 'starting');
    channel.goDown();
    run.fail(new EngineError('bad_request', 'Steps must be at least 1.'));
    await reaches(job.id, 'failed');
    await letGo();
    channel.comeUp();
    compose();
    await work();
    await shows(0, 'Steps must be at least 1.');
    await expect.poll(async () => (await store.jobs.get(job.id))?.announced).toBe(true);
    await restart();
    expect(await store.jobs.unfinished()).toEqual([]);
  });

  it('says so when the files of a rendered job are gone', async () => {
    await work();
    const job = await submit('A1');
    const run = await engine.begun(0);
    await shows(0, 'starting');
    channel.goDown();
    run.finish();
    await reaches(job.id, 'rendered');
    await store.pictures.delete(job.id);
    channel.comeUp();
    await shows(0, 'The pictures are no longer kept; press 🔄');
    await reaches(job.id, 'failed');
  });

  it('sends a compressed picture where a PNG is too large, and says so when even that is', async () => {
    await letGo();
    channel = createRecordingChannel({ maxAttachmentBytes: 5 });
    compose();
    await work();
    await submit('A1', { count: 2 });
    const b1 = await submit('B1', { count: 4 });
    (await engine.begun(0)).finish();
    (await engine.begun(1)).finish();
    await shows(0, 'seed 1 to 2');
    expect(channel.messages[0]?.pictures[0]).toMatchObject({ mediaType: 'image/webp', data: { length: 5 } });
    expect(channel.messages[0]?.pictures[0]?.name).toMatch(/\.webp$/);
    await shows(1, 'The picture is too large for this channel');
    await reaches(b1.id, 'failed');
  });

  it('deletes message and pictures when asked, and never posts that job again', async () => {
    await work();
    const job = await submit('A1');
    (await engine.begun(0)).finish();
    await reaches(job.id, 'delivered');
    await deliver.deleteJob(job);
    expect(channel.messages).toEqual([]);
    expect(await store.pictures.png(job.id, 0)).toBeUndefined();
    expect(await store.jobs.get(job.id)).toMatchObject({ deleted: true, task: job.task });
    await restart();
    expect(channel.messages).toEqual([]);
  });

  it('keeps the pictures when the channel does not delete the message, and says so', async () => {
    await work();
    const job = await submit('A1');
    (await engine.begun(0)).finish();
    await reaches(job.id, 'delivered');
    channel.failNext({ error: new Error('403') });
    await expect(deliver.deleteJob(job)).rejects.toMatchObject({ code: 'delete_failed', retryable: true });
    expect(await store.pictures.png(job.id, 0)).toBeDefined();
  });
});
