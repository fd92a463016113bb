import { readFileSync } from 'node:fs';

interface Sample {
  /** Since the first sample. */
  readonly minutes: number;
  readonly shellMb: number;
  readonly engineMb: number;
}

/** Resident memory of the bot's two processes over time. Linux only. */
export interface MemoryWatch {
  /** Megabytes: at the end, and what each minute of the second half added. */
  report(): {
    readonly shellMb: number;
    readonly engineMb: number;
    readonly shellSlope: number;
    readonly engineSlope: number;
  };
  stop(): void;
}

const EVERY_MS = 2000;

export function watchMemory(pid: number): MemoryWatch {
  const samples: Sample[] = [];
  const begun = performance.now();
  const timer = setInterval(() => {
    const [engine] = childrenOf(pid);
    const minutes = (performance.now() - begun) / 60_000;
    samples.push({ minutes, shellMb: residentMb(pid), engineMb: engine === undefined ? 0 : residentMb(engine) });
  }, EVERY_MS);
  return {
    report: () => {
      const half = samples.slice(Math.floor(samples.length / 2));
      const { shellMb = 0, engineMb = 0 } = samples.at(-1) ?? {};
      const slope = (of: 'shellMb' | 'engineMb') => slopeOf(half.map((sample) => [sample.minutes, sample[of]]));
      return { shellMb, engineMb, shellSlope: slope('shellMb'), engineSlope: slope('engineMb') };
    },
    stop: () => clearInterval(timer),
  };
}

/** Least squares. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: 0 | 1) => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return variance === 0 ? 0 : covariance / variance;
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

function residentMb(pid: number): number {
  try {
    const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(match?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
