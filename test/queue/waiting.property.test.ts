import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/core/job.ts';
import type { QueueEntry } from '../../src/queue/queue-entry.ts';
import { createRunQueue, type RunQueue } from '../../src/queue/run-queue.ts';
import { jobNamed, personNamed, taskWith } from '../doubles/samples.ts';

const USERS = ['A', 'B', 'C', 'D'];

/** What may happen to a run queue; a number is the one of the jobs that are there. */
const happening = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      user: fc.constantFrom(...USERS),
      // So few that some ask for the same, and follow each other.
      prompt: fc.constantFrom('a', 'b', 'c'),
      steps: fc.integer({ min: 1, max: 2 }),
      weight: fc.constantFrom(0.5, 1, 3),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('begin' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('end' as const), number: fc.nat(), used: fc.constantFrom(0, 0.4, 1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), number: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), number: fc.nat() }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;

function apply(queue: RunQueue, one: Happening, index: number): void {
  const order = queue.inOrder();
  const pick = <Value>(values: readonly Value[], number: number): Value | undefined => values[number % values.length];
  switch (one.kind) {
    case 'ask': {
      const { user, prompt, steps, weight } = one;
      const task = taskWith({ prompt, steps });
      queue.add(jobNamed(`${index}`, { owner: personNamed(user), task, weight, createdAt: index }));
      return;
    }
    case 'begin': {
      const next = queue.next();
      if (next !== undefined) queue.begin(next);
      return;
    }
    case 'end': {
      const running = pick(
        order.filter(({ phase }) => phase === 'running'),
        one.number,
      );
      if (running !== undefined) queue.end(running, one.used);
      return;
    }
    case 'lose': {
      const running = pick(
        order.filter(({ phase }) => phase === 'running'),
        one.number,
      );
      if (running === undefined) return;
      queue.requeue(running);
      expect(queue.position(running)).toEqual({ position: 1 });
      return;
    }
    case 'cancel':
      cancel(
        queue,
        pick(
          order.flatMap(({ job, followers }) => [job, ...followers]),
          one.number,
        ),
      );
  }
}

/** As the local queue does it: whoever followed a job that was waiting joins anew. */
function cancel(queue: RunQueue, job: Job | undefined): void {
  if (job === undefined) return;
  const entry = queue.get(job.id);
  if (entry === undefined) {
    queue.unfollow(job.id);
    return;
  }
  if (entry.phase !== 'waiting') return;
  queue.remove(entry);
  for (const follower of entry.followers) queue.add(follower);
}

const isBefore = (a: QueueEntry, b: QueueEntry) =>
  a.start < b.start || (a.start === b.start && a.sequence < b.sequence);

describe('what waits', () => {
  it('is in the order of the tags, and counted by person, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 80 }), fc.integer({ min: 1, max: 3 }), (happenings, slots) => {
        const queue = createRunQueue({ slots }, () => () => undefined);
        for (const [index, one] of happenings.entries()) {
          apply(queue, one, index);
          const waiting = queue.inOrder().filter(({ phase }) => phase === 'waiting');
          for (const [place, entry] of waiting.entries()) {
            const before = waiting[place - 1];
            if (before !== undefined) expect(isBefore(before, entry)).toBe(true);
            expect(queue.position(entry)).toEqual({ position: place + 1 });
          }
          const jobs = waiting.flatMap(({ job, followers }) => [job, ...followers]);
          for (const name of USERS) {
            const ofOwner = jobs.filter(({ owner }) => owner.name === name).length;
            expect(queue.waiting(personNamed(name))).toEqual({ inAll: jobs.length, ofOwner });
          }
        }
      }),
    );
  });

  it('may be ten thousand jobs: then a job still costs the queue less than some milliseconds', () => {
    const queue = createRunQueue({ slots: 1 }, () => () => undefined);
    let asked = 0;
    const ask = () => {
      const owner = personNamed(`person ${asked % 200}`);
      queue.waiting(owner);
      queue.add(jobNamed(`${asked}`, { owner, task: taskWith({ seed: asked }) }));
      asked += 1;
    };
    while (asked < 10_000) ask();
    const beganAt = performance.now();
    for (let done = 0; done < 100; done += 1) {
      ask();
      const next = queue.next();
      if (next === undefined) throw new Error('nobody waits');
      queue.begin(next);
      queue.end(next, 1);
    }
    // Half a millisecond each on an idle machine; to sort all of them at each change takes twenty.
    expect((performance.now() - beganAt) / 100).toBeLessThan(5);
  });
});
