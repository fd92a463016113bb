import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRunner } from '../../src/app/runner.ts';
import type { Job } from '../../src/core/job.ts';
import type { PictureRenderer } from '../../src/deliver/attachments.ts';
import { createDeliver, type Deliver } from '../../src/deliver/deliver.ts';
import { AttachmentTooLargeError } from '../../src/platforms/port.ts';
import { createLocalQueue } from '../../src/queue/local-queue.ts';
import type { JobQueue } from '../../src/queue/port.ts';
import type { Store } from '../../src/store/port.ts';
import { openStore } from '../../src/store/store.ts';
import { createControlledEngine } from '../doubles/controlled-engine.ts';
import { createRecordingChannel, type RecordingChannel, statesOf } from '../doubles/recording-channel.ts';
import { draftOf } from '../doubles/samples.ts';

const log = pino({ level: 'silent' });
const LIMITS = { maxWaitingPerUser: 100, maxWaiting: 100 };
const PEOPLE = 20;
const MINUTE = 60_000;

const drawing: PictureRenderer = {
  grid: async (pngs) => ({ png: Buffer.concat(pngs), width: 64, height: 64 }),
  compress: async (png) => png.slice(0, 2),
  preview: async () => ({ png: Uint8Array.of(1), width: 64, height: 64 }),
};

describe('delivery to a platform in trouble', () => {
  let folder: string;
  let store: Store;
  let queue: JobQueue;
  let deliver: Deliver;
  let channel: RecordingChannel;

  async function start(ports: readonly RecordingChannel[] = [channel]): Promise<void> {
    store = openStore(folder, async ({ rgb }) => rgb.slice(0, 3));
    queue = createLocalQueue({
      store,
      limits: LIMITS,
      explain: (error) => ({ code: 'unexpected', userMessage: String(error) }),
    });
    deliver = createDeliver({ queue, jobs: store.jobs, pictures: store.pictures, renderer: drawing, log, ports });
    await deliver.start();
    await queue.work(createRunner(createControlledEngine({ atOnce: true }), store));
  }

  async function stop(): Promise<void> {
    await queue.close();
    await deliver.stop();
    await store.close();
  }

  async function submitAll(): Promise<readonly Job[]> {
    const jobs: Job[] = [];
    for (let person = 0; person < PEOPLE; person += 1) {
      jobs.push((await queue.submit(draftOf(`${String.fromCharCode(65 + person)}1`))).job);
    }
    return jobs;
  }

  /** Timers go by the fake clock; the disk keeps its own time, of which each step leaves it a little. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1000) {
      await vi.advanceTimersByTimeAsync(1000);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function waitFor(isTrue: () => Promise<boolean> | boolean): Promise<void> {
    const limit = process.hrtime.bigint() + 30_000_000_000n;
    while (process.hrtime.bigint() < limit) {
      if (await isTrue()) return;
      await pass(100);
    }
    throw new Error('it did not come to pass');
  }

  const statesOnDisk = async (jobs: readonly Job[]) =>
    new Set(await Promise.all(jobs.map(async ({ id }) => (await store.jobs.get(id))?.state)));
  const allAre = (jobs: readonly Job[], state: Job['state']) => async () => {
    const states = await statesOnDisk(jobs);
    return states.size === 1 && states.has(state);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'easel-outage-'));
    channel = createRecordingChannel();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await stop();
    rmSync(folder, { recursive: true });
  });

  it('gives everybody their pictures once when it was down for an hour, and asked seldom meanwhile', async () => {
    await start();
    channel.goDown();
    const jobs = await submitAll();
    await waitFor(allAre(jobs, 'rendered'));
    await pass(MINUTE);
    const before = channel.calls;
    await pass(59 * MINUTE);
    // One call a minute, whoever it is for.
    expect(channel.calls - before).toBeLessThanOrEqual(70);
    channel.comeUp();
    await waitFor(allAre(jobs, 'delivered'));
    expect(statesOf(channel.messages)).toEqual(jobs.map(() => 'done'));
  });

  it('gives them their pictures also when Easel was restarted during the outage', async () => {
    await start();
    channel.goDown();
    const jobs = await submitAll();
    await waitFor(allAre(jobs, 'rendered'));
    await stop();
    await start();
    await pass(10 * MINUTE);
    await stop();
    channel.comeUp();
    await start();
    await waitFor(allAre(jobs, 'delivered'));
    expect(statesOf(channel.messages)).toEqual(jobs.map(() => 'done'));
    const { calls } = channel;
    await stop();
    await start();
    await pass(MINUTE);
    expect(channel.calls).toBe(calls);
  });

  it('keeps the pictures of a platform that is not connected until it is', async () => {
    await start([]);
    const jobs = await submitAll();
    await waitFor(allAre(jobs, 'rendered'));
    await stop();
    await start();
    await waitFor(allAre(jobs, 'delivered'));
    expect(statesOf(channel.messages)).toEqual(jobs.map(() => 'done'));
  });

  it('calls again when a call is never answered, and mends what a late answer covers', async () => {
    await start();
    const [job] = [(await queue.submit(draftOf('A1'))).job];
    await waitFor(allAre([job], 'delivered'));
    channel.hang();
    const next = (await queue.submit(draftOf('B1'))).job;
    await waitFor(allAre([next], 'rendered'));
    await pass(6 * MINUTE);
    expect(statesOf(channel.messages)).toEqual(['done']);
    channel.comeUp();
    await waitFor(allAre([next], 'delivered'));
    await pass(MINUTE);
    expect(statesOf(channel.messages)).toEqual(['done', 'done']);
  });

  it('asks no more of it at once than it says', async () => {
    channel = createRecordingChannel({ maxCalls: 2 });
    await start();
    const jobs = await submitAll();
    await waitFor(allAre(jobs, 'delivered'));
    expect(channel.mostAtOnce).toBeLessThanOrEqual(2);
  });

  it('sends a smaller picture when it refuses one that it had promised to take', async () => {
    await start();
    const { job } = await queue.submit(draftOf('A1'));
    channel.failNext({ error: new AttachmentTooLargeError(3) });
    await waitFor(allAre([job], 'delivered'));
    expect(channel.messages[0]).toMatchObject({ state: 'done', pictures: [{ mediaType: 'image/webp' }] });
  });
});
