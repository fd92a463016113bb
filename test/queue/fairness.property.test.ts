import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueueEntry } from '../../src/queue/queue-entry.ts';
import type { RunQueue } from '../../src/queue/run-queue.ts';
import { type Arrival, jainIndex, type Ran, simulate, UNIT } from './simulation.ts';

const MAX_WORK = 12;
const work = fc.integer({ min: 1, max: MAX_WORK });
const slots = fc.integer({ min: 1, max: 5 });
const USERS = ['A', 'B', 'C', 'D', 'E'];

const batch = (user: string, works: readonly number[], weight = 1): Arrival[] =>
  works.map((work) => ({ user, at: 0, work, weight }));

const workOf = (ran: readonly Ran[], user: string) =>
  ran.filter((job) => job.user === user).reduce((sum, job) => sum + job.work, 0);

/** Of people who all keep asking: what each has been given, per weight, at every start while all of them still wait. */
function* sharesWhileAllWait(ran: readonly Ran[], weights: Readonly<Record<string, number>>) {
  const users = Object.keys(weights);
  const lastStart = (user: string) => ran.findLastIndex((job) => job.user === user);
  const until = Math.min(...users.map(lastStart));
  for (let end = 1; end <= until; end += 1) {
    const begun = ran.slice(0, end);
    yield users.map((user) => workOf(begun, user) / (weights[user] ?? 1));
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Anything that may happen: arrivals over time, of any size, some of them cancelled while they wait or run. */
const anything = fc.array(
  fc.record({
    user: fc.constantFrom(...USERS),
    at: fc.integer({ min: 0, max: 60 }),
    work: fc.integer({ min: 1, max: MAX_WORK }).map((steps) => steps * 4),
    count: fc.constantFrom(1, 2, 4),
    weight: fc.constantFrom(0.5, 1, 3),
    cancelAfter: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 40 },
);
const asArrivals = (jobs: readonly { readonly cancelAfter: number | undefined }[]) =>
  jobs.map(({ cancelAfter, ...job }) => ({ ...job, ...(cancelAfter !== undefined && { cancelAfter }) })) as Arrival[];

describe('turns shared by work', () => {
  it('give each of N people who keep asking 1/N of the work, within one job, at every moment', () => {
    const lists = fc.array(fc.array(work, { minLength: 1, maxLength: 20 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(lists, slots, (lists, slots) => {
        const users = USERS.slice(0, lists.length);
        const ran = simulate(
          users.flatMap((user, i) => batch(user, lists[i] ?? [])),
          { slots },
        );
        const largest = Math.max(...lists.flat());
        for (const shares of sharesWhileAllWait(ran, Object.fromEntries(users.map((user) => [user, 1])))) {
          for (const share of shares) expect(Math.abs(share - mean(shares))).toBeLessThanOrEqual(largest);
        }
      }),
    );
  });

  it('stay so over restarts, however many: a person owes after one what they owed before it', () => {
    const lists = fc.array(fc.array(work, { minLength: 5, maxLength: 20 }), { minLength: 2, maxLength: 5 });
    const restarts = fc.uniqueArray(fc.nat(200), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lists, slots, restarts, (lists, slots, restarts) => {
        const users = USERS.slice(0, lists.length);
        const arrivals = users.flatMap((user, i) => batch(user, lists[i] ?? []));
        const ran = simulate(arrivals, { slots }, { restarts });
        expect(ran).toHaveLength(arrivals.length);
        const largest = Math.max(...lists.flat());
        for (const shares of sharesWhileAllWait(ran, Object.fromEntries(users.map((user) => [user, 1])))) {
          for (const share of shares) expect(Math.abs(share - mean(shares))).toBeLessThanOrEqual(largest);
        }
      }),
    );
  });

  it('come to a Jain index of 0.99 after a dozen jobs of each', () => {
    const list = fc.array(work, { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(list, { minLength: 2, maxLength: 5 }), slots, (lists, slots) => {
        const users = USERS.slice(0, lists.length);
        const ran = simulate(
          users.flatMap((user, i) => batch(user, lists[i] ?? [])),
          { slots },
        );
        const weights = Object.fromEntries(users.map((user) => [user, 1]));
        for (const shares of sharesWhileAllWait(ran, weights)) {
          if (Math.min(...shares) >= MAX_WORK * 12) expect(jainIndex(shares)).toBeGreaterThanOrEqual(0.99);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are in proportion to weights', () => {
    const list = fc.array(work, { minLength: 10, maxLength: 30 });
    const weight = fc.constantFrom(0.1, 0.5, 1, 2, 10);
    const people = fc.array(fc.record({ list, weight }), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(people, slots, (people, slots) => {
        const weights = Object.fromEntries(people.map(({ weight }, i) => [USERS[i] ?? '', weight]));
        const ran = simulate(
          people.flatMap(({ list, weight }, i) => batch(USERS[i] ?? '', list, weight)),
          { slots },
        );
        const largest = Math.max(...people.map(({ list, weight }) => Math.max(...list) / weight));
        for (const shares of sharesWhileAllWait(ran, weights)) {
          for (const share of shares) expect(Math.abs(share - mean(shares))).toBeLessThanOrEqual(largest + 1e-9);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('owe nobody for their absence: while two people wait, each is given as much, within one job of each', () => {
    const person = fc.record({
      at: fc.nat(100),
      works: fc.array(work, { minLength: 10, maxLength: 30 }),
      weight: fc.constantFrom(0.5, 1, 3),
    });
    fc.assert(
      fc.property(fc.array(person, { minLength: 3, maxLength: 3 }), slots, (people, slots) => {
        const arrivals = people.flatMap(({ at, works, weight }, i) =>
          batch(USERS[i] ?? '', works, weight).map((arrival) => ({ ...arrival, at })),
        );
        const ran = simulate(arrivals, { slots });
        const given = (job: Ran) => job.work / (arrivals[job.index]?.weight ?? 1);
        const largest = (user: string) => Math.max(...ran.filter((job) => job.user === user).map(given));
        for (const [a, b] of [['A', 'B'] as const, ['B', 'C'] as const]) {
          const theirs = ran.filter((job) => job.user === a || job.user === b);
          const cameAt = Math.max(...theirs.map((job) => arrivals[job.index]?.at ?? 0));
          const lastOf = (user: string) => ran.findLastIndex((job) => job.user === user);
          const whileBothWait = ran.slice(0, Math.min(lastOf(a), lastOf(b))).filter((job) => job.at >= cameAt);
          let difference = 0;
          for (const job of whileBothWait) {
            if (job.user === a) difference += given(job);
            if (job.user === b) difference -= given(job);
            expect(Math.abs(difference)).toBeLessThanOrEqual(largest(a) + largest(b) + 1e-9);
          }
        }
      }),
    );
  });

  it('delay a newcomer, however long somebody’s batch, by no more than the job that ends first', () => {
    const batchOf50 = fc.array(work, { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(batchOf50, work, fc.integer({ min: 1, max: 200 }), slots, (works, own, at, slots) => {
        const ran = simulate([...batch('A', works), { user: 'B', at, work: own }], { slots });
        const b = ran.find((job) => job.user === 'B');
        const running = ran.filter((job) => job.at < at && job.endedAt > at);
        const firstEnd = running.length < slots ? at : Math.min(...running.map((job) => job.endedAt));
        expect(b?.at).toBe(firstEnd);
      }),
    );
  });

  it('leave nobody waiting for ever: before a first job begins, nobody else begins a second one after it came', () => {
    const flood = fc.array(fc.array(work, { minLength: 30, maxLength: 30 }), { minLength: 2, maxLength: 4 });
    fc.assert(
      fc.property(flood, work, fc.nat(100), slots, (lists, own, at, slots) => {
        const arrivals = lists.flatMap((list, i) => batch(USERS[i] ?? '', list));
        const ran = simulate([...arrivals, { user: 'newcomer', at, work: own }], { slots });
        const position = ran.findIndex((job) => job.user === 'newcomer');
        const between = ran.slice(0, position).filter((job) => job.at >= at);
        for (const user of USERS) expect(between.filter((job) => job.user === user).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('give the whole machine to who is alone, whatever one person may have running beside others', () => {
    fc.assert(
      fc.property(fc.array(work, { minLength: 1, maxLength: 30 }), slots, slots, (works, slots, limit) => {
        const ran = simulate(batch('A', works), { slots, maxRunningPerUser: limit });
        for (const job of ran) {
          const isWaitingBefore = job.at > 0;
          const busy = ran.filter((other) => other.at < job.at && other.endedAt >= job.at).length;
          if (isWaitingBefore) expect(busy).toBe(slots);
        }
        expect(ran).toHaveLength(works.length);
      }),
    );
  });

  it('let every job that is not cancelled run once, and each person’s own in their order, whatever happens', () => {
    const limits = { maxLoad: fc.constantFrom(2, 4, 9).map((pictures) => pictures * UNIT), maxRunningPerUser: slots };
    fc.assert(
      fc.property(anything, slots, fc.record(limits), (jobs, slots, limits) => {
        const arrivals = asArrivals(jobs);
        const ran = simulate(arrivals, { slots, ...limits });
        const indexes = ran.map((job) => job.index);
        expect(new Set(indexes).size).toBe(indexes.length);
        for (const [index, arrival] of arrivals.entries()) {
          if (arrival.cancelAfter === undefined) expect(indexes).toContain(index);
        }
        for (const user of USERS) {
          const own = ran.filter((job) => job.user === user).map((job) => [arrivals[job.index]?.at ?? 0, job.index]);
          expect(own).toEqual(own.toSorted(([a = 0, i = 0], [b = 0, j = 0]) => a - b || i - j));
        }
      }),
    );
  });
});

describe('room in the engine', () => {
  it('is never overfilled, and one that is too large for it runs alone', () => {
    const maxLoad = 4 * UNIT;
    fc.assert(
      fc.property(anything, slots, (jobs, slots) => {
        const arrivals = asArrivals(jobs).map((arrival) => ({ ...arrival, weight: 1 }));
        const ran = simulate(arrivals, { slots, maxLoad });
        for (const { at } of ran) {
          const together = ran.filter((job) => job.at <= at && job.endedAt > at);
          const load = together.reduce((sum, job) => sum + (arrivals[job.index]?.count ?? 1) * UNIT, 0);
          expect(together.length).toBeLessThanOrEqual(slots);
          if (together.length > 1) expect(load).toBeLessThanOrEqual(maxLoad);
        }
      }),
    );
  });

  it('goes to the one whose turn it is: what is small never passes what is large', () => {
    const arrivals: Arrival[] = [
      { user: 'A', at: 0, work: 8 },
      { user: 'B', at: 1, work: 8, count: 4 },
      ...[2, 3, 4, 5, 6, 7, 8, 9].map((at) => ({ user: `small${at}`, at, work: 8 })),
    ];
    const ran = simulate(arrivals, { slots: 4, maxLoad: 4 * UNIT });
    expect(ran.slice(0, 2).map((job) => [job.user, job.at])).toEqual([
      ['A', 0],
      ['B', 8],
    ]);
  });

  it('is not filled by one person while others wait, where that is limited', () => {
    fc.assert(
      fc.property(anything, slots, slots, (jobs, slots, maxRunningPerUser) => {
        const onStart = (line: RunQueue, entry: QueueEntry) => {
          const order = line.inOrder();
          const runningOf = (user: string) =>
            order.filter((other) => other.phase === 'running' && other.user === user).length;
          if (runningOf(entry.user) < maxRunningPerUser) return;
          const waiting = order.filter((other) => other.phase === 'waiting');
          for (const other of waiting) expect(runningOf(other.user)).toBeGreaterThanOrEqual(maxRunningPerUser);
        };
        simulate(asArrivals(jobs), { slots, maxRunningPerUser }, { onStart });
      }),
    );
  });
});

describe('what was not used', () => {
  it('is given back: a job that is cancelled has cost its owner what was drawn of it', () => {
    const half: Arrival[] = [
      { user: 'A', at: 0, work: 10, cancelAfter: 4 },
      { user: 'A', at: 0, work: 1 },
      ...batch('B', [5, 1]),
    ];
    // A has had 4 and comes again before B has had more than that.
    expect(simulate(half, { slots: 1 }).map((job) => job.index)).toEqual([0, 2, 1, 3]);
    const whole: Arrival[] = [{ user: 'A', at: 0, work: 10 }, ...half.slice(1)];
    expect(simulate(whole, { slots: 1 }).map((job) => job.index)).toEqual([0, 2, 3, 1]);
  });
});
