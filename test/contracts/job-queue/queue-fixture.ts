import { expect } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { withoutPixels } from '../../../src/app/runner.ts';
import type { Job } from '../../../src/core/job.ts';
import type { RoleWeights } from '../../../src/core/role-weights.ts';
import type { Capacity } from '../../../src/queue/capacity.ts';
import type { JobOutcome, JobQueue } from '../../../src/queue/port.ts';
import type { QuotaLimits } from '../../../src/queue/quota.ts';
import type { JobStore, PictureStore } from '../../../src/store/port.ts';
import { type ControlledEngine, createControlledEngine } from '../../doubles/controlled-engine.ts';
import { draftOf } from '../../doubles/samples.ts';

export interface QueueSetup {
  readonly limits: { readonly maxWaitingPerUser: number; readonly maxWaiting: number };
  readonly capacity: Capacity;
  readonly roleWeights?: RoleWeights;
  readonly quotaLimits?: QuotaLimits;
  /** Workers go on when the process that leads them ends. */
  readonly runsOutlive?: boolean;
  /** Milliseconds since the epoch; the real time when absent. */
  readonly now?: () => number;
}

/** One queue over one store, as a process holds it. */
export interface QueueUnderTest {
  readonly queue: JobQueue;
  readonly store: JobStore;
  readonly pictures: PictureStore;
  /** Closes it: what the next process sees. */
  restart(): Promise<QueueUnderTest>;
  /** What the next process sees of one that was killed: the queue had no time to close. */
  die(): Promise<QueueUnderTest>;
  close(): Promise<void>;
}

const SETUP: QueueSetup = { limits: { maxWaitingPerUser: 100, maxWaiting: 100 }, capacity: { slots: 1 } };

/** A queue, an engine that draws when it is told to, and what has been seen of both since the test began. */
export class QueueFixture {
  readonly #open: (setup: QueueSetup) => Promise<QueueUnderTest>;
  #opened: QueueUnderTest | undefined;
  /** Of this process. */
  engine: ControlledEngine = createControlledEngine();
  outcomes: JobOutcome[] = [];
  /** Jobs that the engine began, in their order. */
  begun: Job[] = [];

  constructor(open: (setup: QueueSetup) => Promise<QueueUnderTest>) {
    this.#open = open;
  }

  get opened(): QueueUnderTest {
    if (this.#opened === undefined) throw new Error('the queue is not open');
    return this.#opened;
  }

  get queue(): JobQueue {
    return this.opened.queue;
  }

  get store(): JobStore {
    return this.opened.store;
  }

  get pictures(): PictureStore {
    return this.opened.pictures;
  }

  async open(setup: Partial<QueueSetup> = {}): Promise<void> {
    this.outcomes = [];
    this.begun = [];
    this.#watch(await this.#open({ ...SETUP, ...setup }));
  }

  async restart(): Promise<void> {
    this.#watch(await this.opened.restart());
  }

  async die(): Promise<void> {
    this.#watch(await this.opened.die());
  }

  async close(): Promise<void> {
    await this.#opened?.close();
    this.#opened = undefined;
  }

  #watch(opened: QueueUnderTest): void {
    this.#opened = opened;
    this.engine = createControlledEngine();
    opened.queue.onOutcome((outcome) => this.outcomes.push(outcome));
    opened.queue.onProgress((job, progress) => {
      if (progress.step === 0) this.begun.push(job);
    });
  }

  /** As the bot's own worker does it: when it resolves, the pictures are on disk. */
  async work(): Promise<void> {
    const { queue, pictures } = this.opened;
    const { engine } = this;
    await queue.work(async (job, options) => {
      const result = await engine.run(job.task, options);
      await pictures.put(job.id, result.pictures);
      return withoutPixels(result);
    });
  }

  /** `A1` is the request of person A. */
  async submit(...ids: string[]): Promise<Job[]> {
    const jobs: Job[] = [];
    for (const id of ids) jobs.push((await this.queue.submit(draftOf(id))).job);
    return jobs;
  }

  /** Until so many jobs have ended. */
  async ended(count: number): Promise<void> {
    await expect.poll(() => this.outcomes.length).toBe(count);
  }

  /** Finishes so many jobs of this process, each when it has begun. */
  async finishAll(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) (await this.engine.begun(index)).finish();
    await this.ended(count);
  }

  /** Finishes these runs of this process, each when it has begun, and waits until every job that it heard of has ended. */
  async finishRuns(...indexes: readonly number[]): Promise<void> {
    for (const index of indexes) (await this.engine.begun(index)).finish();
    const ids = () => new Set(this.begun.map(({ id }) => id));
    await expect.poll(() => this.outcomes.length).toBe(ids().size);
  }

  /** The prompts of what has begun. */
  order(): string {
    return this.begun.map(({ task }) => specOf(task).prompt).join(' ');
  }
}
