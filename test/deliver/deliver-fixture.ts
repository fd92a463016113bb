import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { createRunner } from '../../src/app/runner.ts';
import type { Job } from '../../src/core/job.ts';
import type { PictureRenderer } from '../../src/deliver/attachments.ts';
import { createDeliver, type Deliver } from '../../src/deliver/deliver.ts';
import { createLocalQueue } from '../../src/queue/local-queue.ts';
import type { JobQueue } from '../../src/queue/port.ts';
import { createExplain } from '../../src/requests/failure.ts';
import type { Store } from '../../src/store/port.ts';
import { openStore } from '../../src/store/store.ts';
import { type ControlledEngine, createControlledEngine } from '../doubles/controlled-engine.ts';
import { createRecordingChannel, type RecordingChannel, textOf } from '../doubles/recording-channel.ts';
import { draftOf } from '../doubles/samples.ts';

const log = pino({ level: 'silent' });
const LIMITS = { maxWaitingPerUser: 100, maxWaiting: 100 };
const MAX_SIDE = 64;
const SOON = { timeout: 5000 };

const renderer: PictureRenderer = {
  grid: async (pngs) => ({ png: Buffer.concat(pngs), width: MAX_SIDE, height: MAX_SIDE }),
  compress: async (png, quality) => png.slice(0, Math.ceil((png.length * quality) / 100)),
  preview: async (previews) => ({ png: Uint8Array.of(previews.length), width: MAX_SIDE, height: MAX_SIDE }),
};

/** The parts of one process, over a store and a channel that outlast it. */
interface Process {
  readonly store: Store;
  readonly engine: ControlledEngine;
  readonly queue: JobQueue;
  readonly deliver: Deliver;
}

/** The real store, queue and delivery, between an engine that is played by hand and a channel that records. */
export interface DeliverFixture extends Process {
  readonly channel: RecordingChannel;
  /** Opens; from now on the engine begins what is asked for. */
  work(channel?: RecordingChannel): Promise<void>;
  /** Ends the process and begins another, with a new engine. */
  restart(): Promise<void>;
  submit(id: string, changes?: Parameters<typeof draftOf>[1]): Promise<Job>;
  /** Waits until the message of that index says this. */
  shows(index: number, expected: string): Promise<void>;
  reaches(jobId: string, state: Job['state']): Promise<void>;
  close(): Promise<void>;
}

export function createDeliverFixture(): DeliverFixture {
  const folder = mkdtempSync(join(tmpdir(), 'easel-deliver-'));
  let channel = createRecordingChannel();
  let running = compose();

  function compose(): Process {
    const store = openStore(folder, async ({ rgb }) => rgb.slice(0, 3));
    const explain = createExplain(log);
    const queue = createLocalQueue({
      store,
      limits: LIMITS,
      explain: (error, job) => explain(error, { job: job.id }),
      closeGraceMs: 100,
    });
    const parts = { queue, jobs: store.jobs, pictures: store.pictures, renderer, log };
    const deliver = createDeliver({ ...parts, ports: [channel], firstPauseMs: 5 });
    return { store, queue, deliver, engine: createControlledEngine() };
  }

  async function work(): Promise<void> {
    const { deliver, queue, engine, store } = running;
    await deliver.start();
    await queue.work(createRunner(engine, store));
  }

  async function letGo(): Promise<void> {
    await running.queue.close();
    await running.deliver.stop();
    await running.store.close();
  }

  async function begin(): Promise<void> {
    await letGo();
    running = compose();
  }

  return {
    get store() {
      return running.store;
    },
    get engine() {
      return running.engine;
    },
    get queue() {
      return running.queue;
    },
    get deliver() {
      return running.deliver;
    },
    get channel() {
      return channel;
    },
    work: async (other) => {
      if (other !== undefined) {
        channel = other;
        await begin();
      }
      await work();
    },
    restart: async () => {
      await begin();
      await work();
    },
    submit: async (id, changes = {}) => (await running.queue.submit(draftOf(id, changes))).job,
    shows: (index, expected) => expect.poll(() => textOf(channel.messages[index]), SOON).toContain(expected),
    reaches: (jobId, state) => expect.poll(async () => (await running.store.jobs.get(jobId))?.state, SOON).toBe(state),
    close: async () => {
      await letGo();
      rmSync(folder, { recursive: true });
    },
  };
}
