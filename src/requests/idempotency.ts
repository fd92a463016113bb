import { text } from '../core/reply.ts';
import type { Request } from '../core/request.ts';
import type { DispatchResult } from '../platforms/port.ts';
import type { ValueStore } from '../store/port.ts';

/** Platforms deliver an event again within minutes, at most within hours. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;
const REMEMBERED = { ttlMs: REMEMBERED_MS };

const DONE_ALREADY: DispatchResult = {
  kind: 'private',
  reply: { state: 'info', lines: [[text('That was already done.')]], pictures: [], buttons: [] },
};

/** When an event was done, in milliseconds since the epoch; or what it decided, while it is not. */
export type HandledEvent = number | { readonly at: number; readonly wish: unknown };

/** Handles each event once, however often a platform delivers it. */
export interface Idempotency {
  /**
   * Does once what an event asks for, also when it is delivered again after a restart, and also when the process was
   * killed in the middle: what was decided is on disk before anything is done, and is then done to its end.
   * @param plan what is to be done, as JSON, by how things stand now
   * @param apply does it; done twice it is as if done once
   */
  run<Plan>(
    request: Request,
    plan: () => Promise<Plan>,
    apply: (planned: Plan) => Promise<DispatchResult>,
  ): Promise<DispatchResult>;
  /** Forgets events that no platform delivers any more. */
  prune(now: number): Promise<void>;
}

/** @param handled by platform and event id */
export function createIdempotency(handled: ValueStore<HandledEvent>): Idempotency {
  /** What was decided first, here or where the event was delivered at the same time. */
  async function decide(key: string, plan: () => Promise<unknown>): Promise<HandledEvent> {
    const decided = { at: Date.now(), wish: await plan() };
    if (await handled.add(key, decided, REMEMBERED)) return decided;
    return (await handled.get(key)) ?? decided;
  }

  return {
    run: async <Plan>(
      { user: { platform }, id }: Request,
      plan: () => Promise<Plan>,
      apply: (planned: Plan) => Promise<DispatchResult>,
    ) => {
      const key = `${platform}:${id}`;
      const known = (await handled.get(key)) ?? (await decide(key, plan));
      if (typeof known === 'number') return DONE_ALREADY;
      // An event is handled by the same code each time, so what it decided is of its type.
      const result = await apply(known.wish as Plan);
      // What is done is answered, whether or not the disk takes note of it.
      await handled.set(key, Date.now(), REMEMBERED).catch(() => undefined);
      return result;
    },
    prune: (now) =>
      handled.prune((handling) => (typeof handling === 'number' ? handling : handling.at) < now - REMEMBERED_MS),
  };
}
