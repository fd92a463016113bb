import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';

/** What of this machine a process may use: a container's share, where it runs in one. */

/** Where Linux tells a container's limits (cgroup v2), and those of the older kind. */
const CGROUP = '/sys/fs/cgroup';

/** Reads a file of the kernel; undefined where there is none. */
export type ReadFile = (path: string) => string | undefined;

/** CPU cores, at least 1. ONNX Runtime itself would count those of the whole machine. */
export function availableCores(read: ReadFile = readIfThere, cores = availableParallelism()): number {
  const [quota, period] = (read(`${CGROUP}/cpu.max`) ?? '').trim().split(' ').map(Number);
  if (quota === undefined || period === undefined || !(quota > 0) || !(period > 0)) return cores;
  return Math.max(1, Math.min(cores, Math.ceil(quota / period)));
}

/**
 * Bytes that can still be taken without swapping. Cached files count as free: the system gives them up when asked.
 * macOS keeps hardly anything free and makes room when it must: there it is three quarters of what is built in.
 */
export function availableMemory(read: ReadFile = readIfThere, platform = process.platform): number {
  if (platform === 'darwin') return totalmem() * 0.75;
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1];
  const free = kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  return Math.max(0, Math.min(free, availableToContainer(read)));
}

function availableToContainer(read: ReadFile): number {
  const [max, current, statistics, cached] =
    read(`${CGROUP}/memory.max`) === undefined
      ? (['memory/memory.limit_in_bytes', 'memory/memory.usage_in_bytes', 'memory/memory.stat', 'total_'] as const)
      : (['memory.max', 'memory.current', 'memory.stat', ''] as const);
  const limit = Number(read(`${CGROUP}/${max}`) ?? 'none');
  const used = Number(read(`${CGROUP}/${current}`) ?? 'none');
  // "max", or a file that is not there, is no number: no limit.
  if (!Number.isFinite(limit) || !Number.isFinite(used)) return Number.POSITIVE_INFINITY;
  const text = read(`${CGROUP}/${statistics}`) ?? '';
  const files = ['active_file', 'inactive_file'].map((name) => {
    return Number(new RegExp(`^${cached}${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  });
  return limit - used + files.reduce((sum, bytes) => sum + bytes, 0);
}

/** The most memory that this process has had, bytes. */
export function peakMemory(read: ReadFile = readIfThere): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(read('/proc/self/status') ?? '')?.[1];
  // In kilobytes on every system; on Linux it would begin with what the parent had when it forked.
  return (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes)) * 1024;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
