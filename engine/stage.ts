import { type Input, type Output, openSession, type Session, type SessionOptions } from './session.ts';

/** Opens the sessions of a model. */
export type OpenSession = (graph: Uint8Array, options?: Pick<SessionOptions, 'arena'>) => Promise<Session>;

/** @param offload one session at a time is in memory, opened when it is run; else each is opened now and stays */
export function createOpener(options: SessionOptions, offload: boolean): OpenSession {
  if (!offload) return (graph, own) => openSession(graph, { ...options, ...own });
  const stage = new Stage();
  return async (graph, own) => stage.place(() => openSession(graph, { ...options, ...own }));
}

/**
 * Where one session is in memory, that which runs: the one before it leaves first. Runs take turns, since two that
 * went on at the same time would need the memory of both.
 */
class Stage {
  #onStage: { readonly open: () => Promise<Session>; readonly session: Session } | undefined;
  #line: Promise<unknown> = Promise.resolve();

  place(open: () => Promise<Session>): Session {
    return {
      run: (inputs) => this.#turn(() => this.#run(open, inputs)),
      close: () => this.#turn(() => (this.#onStage?.open === open ? this.#leave() : Promise.resolve())),
    };
  }

  async #run(open: () => Promise<Session>, inputs: Readonly<Record<string, Input>>): Promise<Output> {
    if (this.#onStage?.open !== open) {
      await this.#leave();
      this.#onStage = { open, session: await open() };
    }
    return this.#onStage.session.run(inputs);
  }

  async #leave(): Promise<void> {
    const leaving = this.#onStage;
    this.#onStage = undefined;
    await leaving?.session.close();
  }

  #turn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#line.then(work);
    this.#line = turn.catch(() => undefined);
    return turn;
  }
}
