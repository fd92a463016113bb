import type { AppliedLora } from '../lora/adapter.ts';

/** Sets of LoRAs whose numbers stay in memory; a large one takes 300 MB. */
const MAX_SETS = 3;

/** The networks with each set of LoRAs that was asked for lately. */
export class LoraCache<Networks> {
  readonly #create: (loras: readonly AppliedLora[]) => Promise<Networks>;
  /** The least recently asked for first. */
  readonly #sets = new Map<string, Promise<Networks>>();

  constructor(create: (loras: readonly AppliedLora[]) => Promise<Networks>) {
    this.#create = create;
  }

  /** The same object for the same LoRAs; one that cannot be made is not kept. */
  get(loras: readonly AppliedLora[]): Promise<Networks> {
    const key = JSON.stringify(
      loras.map(({ lora, strengths }) => [lora.file, lora.version, strengths.textEncoder, strengths.unet]),
    );
    const networks = this.#sets.get(key) ?? this.#create(loras);
    this.#sets.delete(key);
    this.#sets.set(key, networks);
    networks.catch(() => this.#sets.delete(key));
    const [oldest] = this.#sets.keys();
    if (this.#sets.size > MAX_SETS && oldest !== undefined) this.#sets.delete(oldest);
    return networks;
  }
}
