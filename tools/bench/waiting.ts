/**
 * What one request costs the run queue itself while many wait: no engine, no disk, no channel. Everybody asks for as much,
 * one job runs at a time, and for each job that ends another is asked for. A Markdown table on stdout.
 *
 *     npx tsx tools/bench/waiting.ts --waiting 100,1000,10000 --people 200 --jobs 500
 */

import { parseArgs } from 'node:util';
import type { Job } from '../../src/core/job.ts';
import { createRunQueue, type RunQueue } from '../../src/queue/run-queue.ts';
import { createThroughput, type Measurements } from '../../src/queue/throughput.ts';
import { createMemoryValueStore } from '../../test/doubles/memory-value-store.ts';
import { percentile } from './statistics.ts';

const { values } = parseArgs({
  options: {
    /** Jobs that wait. */
    waiting: { type: 'string', default: '100,1000,10000' },
    people: { type: 'string', default: '200' },
    /** Jobs that are measured at each length. */
    jobs: { type: 'string', default: '500' },
  },
});

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Milliseconds of each job. */
interface Times {
  /** Its owner's limits are looked up, and it takes its place. */
  readonly submit: number[];
  /** Its turn comes, the engine takes it, and the engine lets go of it. */
  readonly turn: number[];
  /** Its position is told; measured apart, because only who asks pays for it. */
  readonly position: number[];
}

/** With the speed of the engine as one measurement says it. */
async function measure(waiting: number): Promise<Times> {
  let now = 0;
  const throughput = createThroughput(createMemoryValueStore<Measurements>(), () => now);
  throughput.begin('measured', jobOf(0).task);
  now = 30_000;
  await throughput.finish('measured', 0);
  const queue = createRunQueue({ slots: 1 }, throughput.estimator);
  let number = 0;
  for (; number < waiting; number += 1) queue.add(jobOf(number));
  const times: Times = { submit: [], turn: [], position: [] };
  for (let measured = 0; measured < Number(values.jobs); measured += 1, number += 1) {
    const job = jobOf(number);
    times.submit.push(timed(() => submit(queue, job)));
    times.turn.push(timed(() => takeTurn(queue)));
    if (measured % 10 === 0) times.position.push(timed(() => queue.snapshot({ jobs: [job.id] })));
  }
  return times;
}

function submit(queue: RunQueue, job: Job): void {
  queue.active(job.task);
  queue.waiting(job.owner);
  queue.add(job);
}

/** The debts are what the local queue writes down at each beginning and end. */
function takeTurn(queue: RunQueue): void {
  const entry = queue.next();
  if (entry === undefined) throw new Error('nobody waits');
  queue.begin(entry);
  queue.debts();
  queue.remove(entry);
  queue.end(entry, 1);
  queue.debts();
}

function timed(work: () => void): number {
  const before = performance.now();
  work();
  return performance.now() - before;
}

function jobOf(number: number): Job {
  const person = `${number % Number(values.people)}`;
  const size = { width: 512, height: 512, steps: 25, guidance: 7.5, count: 4 };
  const spec = { ...size, prompt: 'a fox in the snow', negative: 'text', sampler: 'euler', model: 'v1' } as const;
  return {
    ...{ id: `${number}`, owner: { platform: 'web', id: person, name: person } },
    ...{ channel: { platform: 'web', channelId: 'bench' }, state: 'queued', attempts: 0, pictures: [] },
    ...{ createdAt: number, updatedAt: number },
    task: { kind: 'generate', spec: { ...spec, seed: number, variations: [] } },
  };
}

const ms = (times: readonly number[]) =>
  `${percentile(times, 0.5).toFixed(3)} / ${percentile(times, 0.95).toFixed(3)} ms`;

say(`${values.people} people, ${values.jobs} jobs at each length, p50 / p95.\n`);
say('| waiting | submit | begin and end | position |');
say('| ---: | ---: | ---: | ---: |');
for (const waiting of values.waiting.split(',').map(Number)) {
  const { submit, turn, position } = await measure(waiting);
  say(`| ${waiting} | ${ms(submit)} | ${ms(turn)} | ${ms(position)} |`);
}
