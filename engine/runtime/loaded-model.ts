import PQueue from 'p-queue';
import type { Networks } from '../networks/networks.ts';

/**
 * The one model that is in memory: a full one takes gigabytes. Tasks of that model run side by side; a task of another
 * waits until they have ended, and those that come after it wait behind it, so that no model is starved.
 */
export class LoadedModel {
  readonly #open: (modelId: string) => Promise<Networks>;
  #current: { readonly id: string; readonly networks: Networks } | undefined;
  readonly #users = new Set<Promise<unknown>>();
  readonly #queue = new PQueue({ concurrency: 1 });

  constructor(open: (modelId: string) => Promise<Networks>) {
    this.#open = open;
  }

  /** Runs `work` on the model's networks, which are opened first when another model's are there. */
  async use<Result>(modelId: string, work: (networks: Networks) => Promise<Result>): Promise<Result> {
    const { using } = await this.#queue.add(async () => {
      const networks = await this.#networksOf(modelId);
      const result = work(networks);
      const user: Promise<unknown> = result.catch(() => undefined).finally(() => this.#users.delete(user));
      this.#users.add(user);
      // Wrapped: to wait for admission must not be to wait for the work.
      return { using: result };
    });
    return using;
  }

  close(): Promise<void> {
    return this.#queue.add(() => this.#unload());
  }

  async #networksOf(modelId: string): Promise<Networks> {
    if (this.#current?.id === modelId) return this.#current.networks;
    await this.#unload();
    const networks = await this.#open(modelId);
    this.#current = { id: modelId, networks };
    return networks;
  }

  async #unload(): Promise<void> {
    await Promise.all(this.#users);
    const current = this.#current;
    this.#current = undefined;
    await current?.networks.close();
  }
}
