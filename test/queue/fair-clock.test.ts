import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFairClock } from '../../src/queue/fair-clock.ts';

interface Arrival {
  readonly user: string;
  readonly cost: number;
}

const arrivals = fc.array(
  fc.record({ user: fc.constantFrom('A', 'B', 'C', 'D'), cost: fc.integer({ min: 1, max: 100 }) }),
  { minLength: 1, maxLength: 40 },
);

interface Tagged extends Arrival {
  readonly id: string;
  start: number;
}

/** One worker, all jobs there from the beginning: the order in which they run. */
function drain(jobs: readonly Arrival[]): readonly Tagged[] {
  const clock = createFairClock();
  const waiting = jobs.map(
    (job, i): Tagged => ({ ...job, id: `${i}`, start: clock.enqueue(job.user, `${i}`, job.cost) }),
  );
  const order = [...waiting].sort((a, b) => a.start - b.start || Number(a.id) - Number(b.id));
  for (const job of order) {
    clock.begin(job.id);
    clock.end(job.id);
  }
  return order;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('the fair clock', () => {
  it('lets three people take turns, however long one of them has queued up', () => {
    const jobs = [...'A'.repeat(6), ...'BBB', ...'CCC'].map((user) => ({ user, cost: 5 }));
    const order = drain(jobs).map((job) => job.user);
    expect(order.join('')).toBe('ABCABCABCAAA');
  });

  it('charges by cost: who asks for work four times as long comes a fourth as often', () => {
    const jobs = [...Array(4).fill({ user: 'A', cost: 40 }), ...Array(12).fill({ user: 'B', cost: 10 })];
    const order = drain(jobs).map((job) => job.user);
    expect(order.slice(0, 10).join('')).toBe('ABBBBABBBB');
  });

  it('keeps every person’s own jobs in their order', () => {
    fc.assert(
      fc.property(arrivals, (jobs) => {
        const order = drain(jobs);
        for (const user of ['A', 'B', 'C', 'D']) {
          const ids = order.filter((job) => job.user === user).map((job) => Number(job.id));
          expect(ids).toEqual([...ids].sort((a, b) => a - b));
        }
      }),
    );
  });

  it('never lets one waiting person fall behind another by more than one job of each', () => {
    fc.assert(
      fc.property(arrivals, (jobs) => {
        const order = drain(jobs);
        const longest = (user: string) =>
          Math.max(0, ...jobs.filter((job) => job.user === user).map((job) => job.cost));
        const lastOf = (user: string) => order.map((job) => job.user).lastIndexOf(user);
        for (let end = 1; end <= order.length; end += 1) {
          const served = (user: string) =>
            sum(
              order
                .slice(0, end)
                .filter((job) => job.user === user)
                .map((job) => job.cost),
            );
          const stillWaiting = ['A', 'B', 'C', 'D'].filter((user) => lastOf(user) >= end);
          for (const a of stillWaiting) {
            for (const b of stillWaiting) {
              expect(served(a) - served(b)).toBeLessThanOrEqual(longest(a) + longest(b));
            }
          }
        }
      }),
    );
  });

  it('treats a cancelled job as though it had never come', () => {
    fc.assert(
      fc.property(arrivals, fc.nat(), (jobs, pick) => {
        const cancelled = `${pick % jobs.length}`;
        const clock = createFairClock();
        const tags = new Map(jobs.map((job, i) => [`${i}`, clock.enqueue(job.user, `${i}`, job.cost)]));
        for (const [id, start] of clock.cancel(cancelled)) tags.set(id, start);
        tags.delete(cancelled);
        const other = createFairClock();
        const expected = new Map<string, number>();
        for (const [i, job] of jobs.entries()) {
          if (`${i}` !== cancelled) expected.set(`${i}`, other.enqueue(job.user, `${i}`, job.cost));
        }
        expect(tags).toEqual(expected);
        if (jobs.length > 1) expect(clock.enqueue('A', 'new', 1)).toBe(other.enqueue('A', 'new', 1));
      }),
    );
  });

  it('never tags a job before virtual time, whatever comes, begins, ends and is cancelled', () => {
    const steps = fc.array(
      fc.tuple(fc.constantFrom('come', 'begin', 'end', 'cancel'), fc.nat(), fc.integer({ min: 1, max: 9 })),
    );
    fc.assert(
      fc.property(steps, (moves) => {
        const clock = createFairClock();
        const waiting = new Map<string, number>();
        const running: string[] = [];
        let virtual = 0;
        for (const [i, [move, pick, cost]] of moves.entries()) {
          const next = [...waiting].sort((a, b) => a[1] - b[1])[0];
          const chosen = [...waiting.keys()][pick % Math.max(1, waiting.size)];
          if (move === 'come') waiting.set(`${i}`, clock.enqueue('ABC'[pick % 3] ?? 'A', `${i}`, cost));
          if (move === 'begin' && next !== undefined) {
            clock.begin(next[0]);
            waiting.delete(next[0]);
            running.push(next[0]);
            virtual = Math.max(virtual, next[1]);
          }
          if (move === 'end' && running.length > 0) clock.end(running.shift() ?? '');
          if (move === 'cancel' && chosen !== undefined) {
            waiting.delete(chosen);
            for (const [id, start] of clock.cancel(chosen)) waiting.set(id, start);
          }
          if (waiting.size + running.length === 0) virtual = 0;
          for (const start of waiting.values()) expect(start).toBeGreaterThanOrEqual(virtual);
        }
      }),
    );
  });

  it('forgets old debts when there is no work left', () => {
    const clock = createFairClock();
    clock.enqueue('A', 'long', 1000);
    clock.begin('long');
    clock.end('long');
    expect([clock.enqueue('A', 'a', 1), clock.enqueue('B', 'b', 1)]).toEqual([0, 0]);
  });

  it('lets work that had begun before a restart go first, and charges its owner for it', () => {
    const clock = createFairClock();
    expect(clock.resume('A', 'a1', 10)).toBe(0);
    expect(clock.enqueue('B', 'b1', 10)).toBe(0);
    expect(clock.enqueue('A', 'a2', 10)).toBe(10);
  });

  it('refuses a cost that would break the order', () => {
    const clock = createFairClock();
    for (const cost of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => clock.enqueue('A', 'a', cost)).toThrow(RangeError);
    }
  });
});
