import PQueue from 'p-queue';
import { ADAPTER_REACHES, type AdapterReach, AdapterSlots } from '../graph/adapter-slots.ts';
import { type Adapter, type AppliedLora, createAdapter, reachOf, zeroAdapter } from '../lora/adapter.ts';
import type { LoraNetwork } from '../lora/lora-names.ts';
import type { Input, RunOutput, Session } from '../session/session.ts';
import type { OpenSession } from '../session/session-swapper.ts';

/** One of the networks that LoRAs change. */
export interface AdaptableNetwork {
  readonly network: LoraNetwork;
  /** Writes the graph, with inputs for adapters where `slots` asks for them. */
  readonly graph: (slots: AdapterSlots) => Promise<Uint8Array>;
}

/**
 * A network that LoRAs can be added to. It begins as the plain graph; when a LoRA first asks for more, its session is
 * opened once again with inputs for adapters, at most twice in its life, since ONNX Runtime leaks a little with every
 * session. From then on LoRAs come and go as inputs, and none at all is an adapter of zeros: the same bits as before.
 */
export class AdaptableSession {
  readonly #network: AdaptableNetwork;
  readonly #open: OpenSession;
  #session: Promise<Session>;
  #reach: AdapterReach = 'none';
  #zero: Adapter = {};
  readonly #running = new Set<Promise<unknown>>();
  readonly #turns = new PQueue({ concurrency: 1 });

  private constructor(network: AdaptableNetwork, open: OpenSession) {
    this.#network = network;
    this.#open = open;
    this.#session = this.#openPlain();
  }

  static async open(network: AdaptableNetwork, open: OpenSession): Promise<AdaptableSession> {
    const opened = new AdaptableSession(network, open);
    await opened.#session;
    return opened;
  }

  /** @throws EngineError naming the LoRA that does not fit this model. */
  adapter(loras: readonly AppliedLora[]): Promise<Adapter> {
    return this.#turns.add(() => this.#adapt(loras));
  }

  /**
   * @param adapter of `adapter`, made at any time of this session's life; inputs it lacks are zero
   * @param also names of further outputs
   */
  run(inputs: Readonly<Record<string, Input>>, adapter: Adapter, also: readonly string[] = []): Promise<RunOutput> {
    // The session and the zeros that belong to it are taken at one moment: the next may bring others.
    const feeds = { ...inputs, ...this.#zero, ...adapter };
    const output = this.#session.then((session) => session.run(feeds, also));
    const running: Promise<unknown> = output.catch(() => undefined).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return output;
  }

  async close(): Promise<void> {
    await (await this.#session).close();
  }

  async #adapt(loras: readonly AppliedLora[]): Promise<Adapter> {
    const { network } = this.#network;
    const asked = reachOf(loras, network);
    if (asked === 'none') return {};
    const reach = wider(asked, this.#reach);
    const slots = new AdapterSlots(reach);
    const graph = await this.#network.graph(slots);
    const adapter = await createAdapter(slots.all, loras, network);
    if (reach !== this.#reach) await this.#reopen(graph, slots, reach);
    return adapter;
  }

  /** The old session goes before the new one comes: two would need the memory of two models. */
  async #reopen(graph: Uint8Array, slots: AdapterSlots, reach: AdapterReach): Promise<void> {
    const old = this.#session;
    const before = [...this.#running];
    this.#session = Promise.all(before).then(async () => {
      await (await old).close();
      return this.#open(graph);
    });
    this.#reach = reach;
    this.#zero = zeroAdapter(slots.all);
    try {
      await this.#session;
    } catch (error) {
      this.#session = this.#openPlain();
      this.#reach = 'none';
      this.#zero = {};
      await this.#session;
      throw error;
    }
  }

  async #openPlain(): Promise<Session> {
    return this.#open(await this.#network.graph(new AdapterSlots('none')));
  }
}

function wider(a: AdapterReach, b: AdapterReach): AdapterReach {
  return ADAPTER_REACHES.indexOf(a) > ADAPTER_REACHES.indexOf(b) ? a : b;
}
