import { setImmediate } from 'node:timers/promises';
import { cutWindow, joinWindows, planWindows } from '../latents/windows.ts';
import type { Networks } from '../networks/networks.ts';
import type { Denoiser, TextContext } from './denoiser.ts';

type Shape = readonly [channels: number, height: number, width: number];

interface Row {
  readonly sample: Float32Array;
  readonly timestep: number;
  readonly context: TextContext;
}

/** The pictures of one task: they share the latents' shape, and join and leave together. */
export interface BatchMember {
  readonly networks: Networks;
  readonly denoisers: readonly Denoiser[];
  readonly shape: Shape;
  /** Most rows of a UNet call that there is memory for: a picture takes one, with guidance two. */
  readonly maxRows: number;
  /** Before each step. What it throws ends this member, and no other. */
  beforeStep(): Promise<void>;
  /** Between the calls of a step that takes many. @throws to end this member */
  refuseCancelled(): void;
  afterStep(durationMs: number): void;
}

/**
 * Denoises the pictures of many tasks together: each tick advances every member by one step, in as few UNet calls as
 * their `maxRows` allow. Members join and leave between ticks, each with its own timestep, sampler, guidance and text, and
 * none of them sees the others: its pictures are those that it would have had alone.
 */
export class Batcher {
  readonly #members = new Map<
    BatchMember,
    { readonly resolve: () => void; readonly reject: (error: unknown) => void }
  >();
  #ticking = false;

  /** Resolves when every denoiser is done. @throws what `beforeStep` or the UNet threw */
  denoise(member: BatchMember): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#members.set(member, { resolve, reject });
      if (!this.#ticking) void this.#tick();
    });
  }

  async #tick(): Promise<void> {
    this.#ticking = true;
    while (this.#members.size > 0) {
      const ready: BatchMember[] = [];
      for (const member of [...this.#members.keys()]) if (await this.#isReady(member)) ready.push(member);
      for (const together of byNetworkAndShape(ready)) await this.#step(together);
      // Whoever has left goes on with its own work, and who waits may join.
      await setImmediate();
    }
    this.#ticking = false;
  }

  async #isReady(member: BatchMember): Promise<boolean> {
    if (member.denoisers.every(({ done }) => done)) {
      this.#leave(member)?.resolve();
      return false;
    }
    try {
      await member.beforeStep();
      return true;
    } catch (error) {
      this.#leave(member)?.reject(error);
      return false;
    }
  }

  #leave(member: BatchMember) {
    const waiting = this.#members.get(member);
    this.#members.delete(member);
    return waiting;
  }

  async #step(members: readonly BatchMember[]): Promise<void> {
    const [first] = members;
    if (first === undefined) return;
    const began = performance.now();
    try {
      const denoisers = members.flatMap((member) => member.denoisers);
      const maxRows = Math.min(...members.map((member) => member.maxRows));
      const beforeCall = async () => {
        await setImmediate();
        for (const member of members) member.refuseCancelled();
      };
      await stepTogether(first.networks, denoisers, first.shape, { maxRows, beforeCall });
      for (const member of members) member.afterStep(performance.now() - began);
    } catch (error) {
      if (members.length === 1) {
        this.#leave(first)?.reject(error);
        return;
      }
      // Nobody has moved: without those who were cancelled, or else alone, each goes on or fails by its own fault.
      const staying = members.filter((member) => !this.#hasLeft(member));
      if (staying.length < members.length) await this.#step(staying);
      else for (const member of members) await this.#step([member]);
    }
  }

  #hasLeft(member: BatchMember): boolean {
    try {
      member.refuseCancelled();
      return false;
    } catch (error) {
      this.#leave(member)?.reject(error);
      return true;
    }
  }
}

interface StepOptions {
  readonly maxRows: number;
  /** What it throws ends the step. */
  beforeCall(): Promise<void>;
}

/** Advances every denoiser by one step; none of them moves when a call fails. */
async function stepTogether(
  networks: Networks,
  denoisers: readonly Denoiser[],
  shape: Shape,
  options: StepOptions,
): Promise<void> {
  const plan = planWindows(shape);
  const asked = denoisers.map((denoiser) => {
    const { sample, timestep, contexts } = denoiser.input();
    const rows = contexts.map((context) =>
      plan.windows.map((window): Row => ({ sample: cutWindow(sample, shape, plan, window), timestep, context })),
    );
    return { denoiser, rows };
  });
  const all = asked.flatMap(({ rows }) => rows.flat());
  const predictions = new Map<Row, Float32Array>();
  for (const rows of byTextLength(all, options.maxRows)) {
    await options.beforeCall();
    const prediction = await predict(networks, rows, plan.shape);
    const size = prediction.length / rows.length;
    for (const [i, row] of rows.entries()) predictions.set(row, prediction.subarray(i * size, (i + 1) * size));
  }
  const joined = (rows: readonly Row[]) => {
    const parts = rows.map((row) => predictions.get(row) ?? new Float32Array());
    return joinWindows(parts, shape, plan);
  };
  for (const { denoiser, rows } of asked) denoiser.accept(rows.map(joined));
}

function byNetworkAndShape(members: readonly BatchMember[]): Iterable<readonly BatchMember[]> {
  const groups: BatchMember[][] = [];
  for (const member of members) {
    const group = groups.find(([first]) => first !== undefined && mayShareCall(first, member));
    if (group === undefined) groups.push([member]);
    else group.push(member);
  }
  return groups;
}

function mayShareCall(a: BatchMember, b: BatchMember): boolean {
  return a.networks === b.networks && a.shape.every((side, i) => side === b.shape[i]);
}

/** Calls of equally long texts, of at most `maxRows` rows each. */
function* byTextLength(rows: readonly Row[], maxRows: number): Iterable<readonly Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const length = row.context.reduce((sum, chunk) => sum + chunk.length, 0);
    groups.set(length, [...(groups.get(length) ?? []), row]);
  }
  for (const group of groups.values()) {
    for (let at = 0; at < group.length; at += maxRows) yield group.slice(at, at + maxRows);
  }
}

function predict(networks: Networks, rows: readonly Row[], shape: Shape): Promise<Float32Array> {
  return networks.predict({
    batch: rows.length,
    shape,
    sample: concat(rows.map((row) => row.sample)),
    timesteps: Float32Array.from(rows, (row) => row.timestep),
    context: concat(rows.flatMap((row) => row.context)),
  });
}

function concat(vectors: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(vectors.reduce((sum, vector) => sum + vector.length, 0));
  let at = 0;
  for (const vector of vectors) {
    out.set(vector, at);
    at += vector.length;
  }
  return out;
}
