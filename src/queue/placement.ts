import type { Capacity } from './capacity.ts';

/** Jobs that may go before the one whose turn it is. */
export const MOST_BEFORE = 3;

/** A waiting job, as far as its place depends on it. */
export interface WaitingJob {
  readonly model: string;
  /** In `loadOf`'s pixels. */
  readonly load: number;
  /** It had begun before the process died: nothing goes before it. */
  readonly resumed: boolean;
  /** Jobs of other models that went before it when it was its turn. */
  readonly passed: number;
}

/** A device, as far as it matters to who is drawn on it. */
export interface DeviceState {
  /** Jobs that it draws, and the load of all of them. */
  readonly jobs: number;
  readonly load: number;
  /** The model in its memory. */
  readonly model: string | undefined;
  /** It failed a moment ago: no job begins on it while there are others. */
  readonly isResting: boolean;
}

/** Which job begins, and where. */
export interface Placement<Job> {
  readonly job: Job;
  /** Index among the devices. */
  readonly device: number;
  /** The job whose turn it was, where another goes before it. */
  readonly before: Job | undefined;
}

/**
 * Which job begins next, and on which device; undefined when none can now.
 *
 * - The jobs are asked in the order of their turns; the first that a device has room for begins.
 * - Of several devices with room it is the one that holds the job's model, then the one with the least load.
 * - A device holds one model, and to read another takes as long as to draw some pictures. So a job whose model a device
 *   does not hold lets jobs of the one that it holds go first there, at most `MOST_BEFORE` of them, whatever the device.
 * - A job that no device has room for reserves the one that is nearest to having it. Nothing begins there before it, so
 *   the large do not wait for ever; later jobs begin on the others.
 *
 * @param waiting those that may start, in the order of their turns
 */
export function placeNext<Job extends WaitingJob>(
  waiting: readonly Job[],
  devices: readonly DeviceState[],
  capacity: Pick<Capacity, 'slots' | 'maxLoad'>,
): Placement<Job> | undefined {
  const open = new Set(usable(devices));
  for (const job of waiting) {
    for (const device of inPreference(job, open)) {
      const chosen = chooseFor(device, job, waiting);
      if (!hasRoom(device, chosen, capacity)) continue;
      return { job: chosen, device: devices.indexOf(device), before: chosen === job ? undefined : job };
    }
    const nearest = leastLoaded(open);
    if (nearest !== undefined) open.delete(nearest);
    if (open.size === 0) return undefined;
  }
  return undefined;
}

/** Where a job that began goes on after its device failed: one that works, with the fewest jobs, if there is another. */
export function placeAgain(devices: readonly DeviceState[], failed: number): number {
  const others = usable(devices).filter((device) => devices.indexOf(device) !== failed);
  const [first, ...rest] = others;
  if (first === undefined) return failed;
  return devices.indexOf(rest.reduce((best, device) => (device.jobs < best.jobs ? device : best), first));
}

/** When all of them rest, one must be tried. */
function usable(devices: readonly DeviceState[]): readonly DeviceState[] {
  const working = devices.filter(({ isResting }) => !isResting);
  return working.length > 0 ? working : devices;
}

function inPreference(job: WaitingJob, open: ReadonlySet<DeviceState>): readonly DeviceState[] {
  const isElsewhere = ({ model }: DeviceState) => Number(model !== job.model);
  return [...open].sort((a, b) => isElsewhere(a) - isElsewhere(b) || a.load - b.load);
}

function chooseFor<Job extends WaitingJob>(device: DeviceState, job: Job, waiting: readonly Job[]): Job {
  if (job.resumed || device.model === undefined || job.model === device.model || job.passed >= MOST_BEFORE) return job;
  return waiting.slice(waiting.indexOf(job)).find(({ model }) => model === device.model) ?? job;
}

function hasRoom(
  device: DeviceState,
  job: WaitingJob,
  { slots, maxLoad = Number.POSITIVE_INFINITY }: Pick<Capacity, 'slots' | 'maxLoad'>,
): boolean {
  return device.jobs === 0 || (device.jobs < slots && device.load + job.load <= maxLoad);
}

/** The one that empties first, as far as is known: its load never grows while it is reserved. */
function leastLoaded(devices: ReadonlySet<DeviceState>): DeviceState | undefined {
  const [first, ...others] = devices;
  if (first === undefined) return undefined;
  return others.reduce((least, device) => (device.load < least.load ? device : least), first);
}
