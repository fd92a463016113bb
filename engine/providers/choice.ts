import { EngineError, isEngineError } from '../errors.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { ExecutionProvider } from '../session/execution-provider.ts';
import { type Candidates, passedOverSentence, REQUIREMENTS } from './providers.ts';

/** What a provider has proved to do right. */
export interface Capabilities {
  readonly attention: GraphTarget['attention'];
  /** Whether it computes in half precision. */
  readonly float16: boolean;
  /** Whether it computes in single precision; where it does not, all networks run in halves. @default true */
  readonly float32?: boolean;
}

/** Known without a probe. */
export const CPU_CAPABILITIES: Capabilities = { attention: 'fused', float16: false };

/** The provider that draws, and what it can. */
export interface ChosenProvider {
  readonly provider: ExecutionProvider;
  readonly capabilities: Capabilities;
}

/** @throws EngineError `provider_failed` when the provider does not work on this machine. */
export type Probe = (provider: ExecutionProvider, device?: number) => Promise<Capabilities>;

/** Finds the provider that draws: the first candidate that passes its probe. */
export class ProviderChoice {
  readonly #probe: Probe;
  #candidates: Candidates;
  #chosen: Promise<ChosenProvider> | undefined;
  readonly #passedOver: string[];

  /** @param passedOver on those that were tried in other processes */
  constructor(candidates: Candidates, probe: Probe, passedOver: readonly string[] = []) {
    this.#candidates = candidates;
    this.#probe = probe;
    this.#passedOver = [...passedOver];
  }

  /** A sentence for each provider that came first and does not work here. */
  get passedOver(): readonly string[] {
    return this.#passedOver;
  }

  /** @throws EngineError `provider_failed` when the only one left does not work, saying what it needs */
  current(): Promise<ChosenProvider> {
    this.#chosen ??= this.#choose().catch((error: unknown) => {
      this.#chosen = undefined;
      throw error;
    });
    return this.#chosen;
  }

  /** A provider that works may still fail at a model: then the next one draws. @throws `error` when none is left */
  passOver(error: unknown): void {
    const [failed, next, ...others] = this.#candidates;
    if (!isEngineError(error) || error.code !== 'provider_failed') throw error;
    if (next === undefined) throw withRequirement(error, failed);
    this.#passedOver.push(passedOverSentence(error.message, failed, next));
    this.#candidates = [next, ...others];
    this.#chosen = undefined;
  }

  async #choose(): Promise<ChosenProvider> {
    for (;;) {
      const [provider] = this.#candidates;
      try {
        return { provider, capabilities: await this.#probe(provider) };
      } catch (error) {
        this.passOver(error);
      }
    }
  }
}

function withRequirement(error: EngineError, provider: ExecutionProvider): EngineError {
  return new EngineError(error.code, `${error.message} ${REQUIREMENTS[provider]}`, error.facts, error.cause);
}
