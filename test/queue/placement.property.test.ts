import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DeviceState, MOST_BEFORE, placeNext, type WaitingJob } from '../../src/queue/placement.ts';

interface SimulatedJob extends WaitingJob {
  readonly id: number;
  readonly ticks: number;
  passed: number;
}

interface Running {
  readonly job: SimulatedJob;
  readonly device: number;
  endsAt: number;
}

const MAX_LOAD = 8;
const ROOM = { slots: 3, maxLoad: MAX_LOAD };

const jobs = fc.array(
  fc.record({
    model: fc.constantFrom('a', 'b', 'c'),
    load: fc.integer({ min: 1, max: 2 * MAX_LOAD }),
    ticks: fc.integer({ min: 1, max: 6 }),
    resumed: fc.constant(false),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Devices on a clock of their own. @param onBegin sees the devices before the job begins */
function simulate(
  made: readonly Omit<SimulatedJob, 'id' | 'passed'>[],
  count: number,
  onBegin: (job: SimulatedJob, device: DeviceState, waiting: readonly SimulatedJob[]) => void = () => {},
): readonly Running[] {
  let waiting: readonly SimulatedJob[] = made.map((job, id) => ({ ...job, id, passed: 0 }));
  const models = new Map<number, string>();
  const begun: Running[] = [];
  for (let now = 0; waiting.length > 0; now++) {
    for (;;) {
      const states = Array.from({ length: count }, (_, device) => {
        const own = begun.filter((running) => running.device === device && running.endsAt > now);
        const load = own.reduce((sum, { job }) => sum + job.load, 0);
        return { jobs: own.length, load, model: models.get(device), isResting: false };
      });
      const next = placeNext(waiting, states, ROOM);
      const state = next && states[next.device];
      if (next === undefined || state === undefined) break;
      onBegin(next.job, state, waiting);
      if (next.before !== undefined) next.before.passed += 1;
      models.set(next.device, next.job.model);
      begun.push({ job: next.job, device: next.device, endsAt: now + next.job.ticks });
      waiting = waiting.filter((job) => job !== next.job);
    }
    // Longer than all jobs one after the other: somebody starves.
    expect(now).toBeLessThan(made.reduce((sum, { ticks }) => sum + ticks, 1));
  }
  return begun;
}

describe('placement on several devices', () => {
  it('begins every job, each once, before the time that one device would take for all', () => {
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 4 }), (made, count) => {
        const ids = simulate(made, count).map(({ job }) => job.id);
        expect(ids.toSorted((a, b) => a - b)).toEqual(made.map((_, id) => id));
      }),
    );
  });

  it('never gives a device more than it has room for; what is too large for it runs alone', () => {
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 4 }), (made, count) => {
        simulate(made, count, (job, { jobs, load }) => {
          if (jobs > 0) expect(load + job.load).toBeLessThanOrEqual(MAX_LOAD);
          expect(jobs).toBeLessThan(ROOM.slots);
        });
      }),
    );
  });

  it('keeps the order of turns where all jobs are alike', () => {
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 4 }), (made, count) => {
        const alike = made.map((job) => ({ ...job, model: 'a', load: 1 }));
        const ids = simulate(alike, count).map(({ job }) => job.id);
        expect(ids).toEqual(alike.map((_, id) => id));
      }),
    );
  });

  it('lets a job of a model be passed for another model no more than three times, whatever the number of devices', () => {
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 4 }), (made, count) => {
        for (const { job } of simulate(made, count)) expect(job.passed).toBeLessThanOrEqual(MOST_BEFORE);
      }),
    );
  });

  it('lets no stream of small jobs delay a large one beyond what runs on one device when its turn comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 6 }), (count, ticks) => {
        const small = { model: 'a', load: 1, ticks, resumed: false };
        const first = Array.from({ length: count * ROOM.slots }, () => small);
        const made = [...first, { ...small, load: MAX_LOAD }, ...Array.from({ length: 60 }, () => small)];
        const large = simulate(made, count).find(({ job }) => job.load === MAX_LOAD);
        expect(large?.endsAt).toBe(2 * ticks);
      }),
    );
  });
});
