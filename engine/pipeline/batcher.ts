import { setImmediate } from 'node:timers/promises';
import type { Networks } from '../networks/networks.ts';
import { DeepFeatures } from './deep-features.ts';
import type { Denoiser } from './denoiser.ts';
import { stepTogether } from './step-together.ts';

type Shape = readonly [channels: number, height: number, width: number];

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
  readonly #features = new DeepFeatures();
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
      await stepTogether(first.networks, denoisers, first.shape, { maxRows, beforeCall, features: this.#features });
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
