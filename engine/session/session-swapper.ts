import PQueue from 'p-queue';
import { openSession, type Session, type SessionOptions } from './session.ts';

/** Opens the sessions of a model. */
export type OpenSession = (graph: Uint8Array, options?: Pick<SessionOptions, 'arena'>) => Promise<Session>;

/** @param offload one session at a time is in memory, opened when it is run; else each is opened now and stays */
export function createSessionOpener(options: SessionOptions, offload: boolean): OpenSession {
  if (!offload) return (graph, own) => openSession(graph, { ...options, ...own });
  const swapper = new SessionSwapper();
  return async (graph, own) => swapper.register(() => openSession(graph, { ...options, ...own }));
}

/**
 * Where one session is in memory, that which runs: the one before it leaves first. Runs take turns, since two that
 * went on at the same time would need the memory of both.
 */
class SessionSwapper {
  #current: { readonly open: () => Promise<Session>; readonly session: Session } | undefined;
  readonly #turns = new PQueue({ concurrency: 1 });

  register(open: () => Promise<Session>): Session {
    return {
      run: (...given) => this.#turns.add(async () => (await this.#opened(open)).run(...given)),
      close: () => this.#turns.add(() => (this.#current?.open === open ? this.#leave() : Promise.resolve())),
    };
  }

  async #opened(open: () => Promise<Session>): Promise<Session> {
    if (this.#current?.open !== open) {
      await this.#leave();
      this.#current = { open, session: await open() };
    }
    return this.#current.session;
  }

  async #leave(): Promise<void> {
    const leaving = this.#current;
    this.#current = undefined;
    await leaving?.session.close();
  }
}
