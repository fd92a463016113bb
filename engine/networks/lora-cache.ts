import { LRUCache } from 'lru-cache';
import type { AppliedLora } from '../lora/adapter.ts';

/** Sets of LoRAs whose numbers stay in memory; a large one takes 300 MB. */
const MAX_SETS = 3;

/** The networks with each set of LoRAs that was asked for lately. */
export class LoraCache<Networks> {
  readonly #create: (loras: readonly AppliedLora[]) => Promise<Networks>;
  readonly #sets = new LRUCache<string, Promise<Networks>>({ max: MAX_SETS });

  constructor(create: (loras: readonly AppliedLora[]) => Promise<Networks>) {
    this.#create = create;
  }

  /** The same object for the same LoRAs; one that cannot be made is not kept. */
  get(loras: readonly AppliedLora[]): Promise<Networks> {
    const key = JSON.stringify(
      loras.map(({ lora, strengths }) => [lora.file, lora.version, strengths.textEncoder, strengths.unet]),
    );
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const networks = this.#create(loras);
    this.#sets.set(key, networks);
    networks.catch(() => this.#sets.delete(key));
    return networks;
  }
}
