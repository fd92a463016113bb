import { AdapterSlots } from '../graph/adapter-slots.ts';
import { type Adapter, zeroAdapter } from '../lora/adapter.ts';
import type { Input, Session } from '../session/session.ts';

export interface ShallowUnetOptions {
  /** Writes the graph, with inputs for adapters where `slots` asks for them. */
  readonly graph: (slots: AdapterSlots) => Promise<Uint8Array>;
  /** Keeps the session in memory: it runs by turns with the whole UNet, and is small. */
  readonly open: (graph: Uint8Array) => Promise<Session>;
}

interface Opened {
  readonly session: Session;
  readonly zero: Adapter;
}

/** The outermost layers of the UNet (`shallowUnetGraph`), opened when they are first needed; once more for LoRAs. */
export class ShallowUnet {
  readonly #options: ShallowUnetOptions;
  readonly #opened = new Map<'none' | 'all', Promise<Opened>>();

  constructor(options: ShallowUnetOptions) {
    this.#options = options;
  }

  /** @param adapter of the whole UNet, of which these layers take their part */
  async run(inputs: Readonly<Record<string, Input>>, adapter: Adapter): Promise<Float32Array> {
    const { session, zero } = await this.#open(Object.keys(adapter).length === 0 ? 'none' : 'all');
    const own = Object.entries(zero).map(([name, none]) => [name, adapter[name] ?? none] as const);
    const { data } = await session.run({ ...inputs, ...Object.fromEntries(own) });
    return data;
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.values()) await (await opened).session.close();
  }

  #open(reach: 'none' | 'all'): Promise<Opened> {
    const known = this.#opened.get(reach);
    if (known !== undefined) return known;
    const slots = new AdapterSlots(reach);
    const opened = this.#options
      .graph(slots)
      .then(this.#options.open)
      .then((session) => ({ session, zero: zeroAdapter(slots.all) }));
    this.#opened.set(reach, opened);
    opened.catch(() => this.#opened.delete(reach));
    return opened;
  }
}
