import { text } from './core/reply.ts';
import type { Request } from './core/request.ts';
import type { DispatchResult } from './platforms/port.ts';
import type { ValueStore } from './store/port.ts';

/** Platforms deliver an event again within minutes, at most within hours. */
const REMEMBERED_MS = 24 * 60 * 60 * 1000;

const DONE_ALREADY: DispatchResult = {
  kind: 'private',
  reply: { state: 'info', lines: [[text('That was done already.')]], pictures: [], buttons: [] },
};

/** Does what an event asks for once, also when it is delivered again after a restart. */
export interface Once {
  run(request: Request, work: () => Promise<DispatchResult>): Promise<DispatchResult>;
  /** Forgets events that no platform delivers any more. */
  prune(now: number): Promise<void>;
}

/** @param handled by platform and event id, when it was done: milliseconds since the epoch */
export function createOnce(handled: ValueStore<number>): Once {
  return {
    run: async (request, work) => {
      const key = `${request.user.platform}:${request.id}`;
      if ((await handled.get(key)) !== undefined) return DONE_ALREADY;
      const result = await work();
      // What is done is answered, whether or not the disk takes note of it.
      await handled.set(key, Date.now()).catch(() => undefined);
      return result;
    },
    prune: (now) => handled.prune((at) => at < now - REMEMBERED_MS),
  };
}
