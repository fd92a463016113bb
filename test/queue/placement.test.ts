import { describe, expect, it } from 'vitest';
import { type DeviceState, placeAgain, placeNext, type WaitingJob } from '../../src/queue/placement.ts';

const job = (changes: Partial<WaitingJob> = {}): WaitingJob => ({
  ...{ model: 'a', load: 1, resumed: false, passed: 0 },
  ...changes,
});
const device = (changes: Partial<DeviceState> = {}): DeviceState => ({
  ...{ jobs: 0, load: 0, model: undefined, isResting: false },
  ...changes,
});
const ROOM = { slots: 2, maxLoad: 4 };

describe('the place of the next job', () => {
  it('is the device that holds its model, then the one with the least load', () => {
    const holder = device({ model: 'a', jobs: 1, load: 3 });
    expect(placeNext([job()], [device(), holder], ROOM)?.device).toBe(1);
    expect(placeNext([job()], [device({ jobs: 1, load: 2 }), device({ jobs: 1, load: 1 })], ROOM)?.device).toBe(1);
    expect(placeNext([job({ load: 2 })], [device(), holder], ROOM)?.device).toBe(0);
  });

  it('is undefined while no device has room', () => {
    const full = device({ jobs: 2, load: 2 });
    expect(placeNext([job()], [full, full], ROOM)).toBeUndefined();
    expect(placeNext([], [device()], ROOM)).toBeUndefined();
  });

  it('lets later jobs pass one that has no room, on other devices than the one that it waits for', () => {
    const [large, small] = [job({ load: 4 }), job()];
    const [nearest, fuller] = [device({ jobs: 1, load: 1 }), device({ jobs: 1, load: 2 })];
    expect(placeNext([large, small], [fuller, nearest], ROOM)).toMatchObject({ job: small, device: 0 });
    expect(placeNext([large, small], [nearest], ROOM)).toBeUndefined();
    expect(placeNext([large, large, small], [fuller, nearest], ROOM)).toBeUndefined();
  });

  it('lets at most three jobs of the model in memory go first, none before one that had begun', () => {
    const held = job({ model: 'held' });
    const devices = [device({ model: 'held' })];
    const first = job({ passed: 2 });
    expect(placeNext([first, held], devices, ROOM)).toEqual({ job: held, device: 0, before: first });
    for (const other of [job({ passed: 3 }), job({ resumed: true })]) {
      expect(placeNext([other, held], devices, ROOM)).toEqual({ job: other, device: 0, before: undefined });
    }
  });

  it('is on no device that rests, unless all of them do', () => {
    const resting = device({ isResting: true, model: 'a' });
    expect(placeNext([job()], [resting, device({ jobs: 1, load: 1 })], ROOM)?.device).toBe(1);
    expect(placeNext([job()], [resting, device({ isResting: true })], ROOM)?.device).toBe(0);
  });
});

describe('the place of a job whose device failed', () => {
  it('is the other device with the fewest jobs, or the same where there is no other', () => {
    expect(placeAgain([device(), device({ jobs: 2 }), device({ jobs: 1 })], 0)).toBe(2);
    expect(placeAgain([device(), device({ isResting: true }), device({ jobs: 1 })], 0)).toBe(2);
    expect(placeAgain([device()], 0)).toBe(0);
  });
});
