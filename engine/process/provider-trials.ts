import { EngineError } from '../errors.ts';
import { type Candidates, passedOverSentence, REQUIREMENTS } from '../providers/providers.ts';
import type { ExecutionProvider } from '../session/execution-provider.ts';
import type { ExitReason } from './exit-reason.ts';

/**
 * The providers that may be tried, as the host remembers them: a driver that crashes or hangs takes the process that
 * tries it along, which then can tell nobody.
 */
export class ProviderTrials {
  readonly #passedOver: string[] = [];
  #candidates: Candidates;
  /** In the present child, at this moment. */
  trying: ExecutionProvider | undefined;

  constructor(candidates: Candidates) {
    this.#candidates = candidates;
  }

  /** Those that no process has died of. */
  get candidates(): Candidates {
    return this.#candidates;
  }

  /** A sentence for each of the others. */
  get passedOver(): readonly string[] {
    return this.#passedOver;
  }

  /**
   * A process died of the provider that it was trying: the next will be tried in a new one.
   * @returns the sentence about it
   * @throws EngineError `provider_failed` when none is left
   */
  passOver(failed: ExecutionProvider, { why, cause }: ExitReason): string {
    const how = cause === 'hung' ? 'hangs' : `crashes the engine process (${why})`;
    const message = `The execution provider "${failed}" ${how} when it is tried.`;
    const [next, ...others] = this.#candidates.filter((candidate) => candidate !== failed);
    if (next === undefined) {
      throw new EngineError('provider_failed', `${message} ${REQUIREMENTS[failed]}`, { provider: failed });
    }
    const following = this.#candidates[this.#candidates.indexOf(failed) + 1] ?? next;
    const sentence = passedOverSentence(message, failed, following);
    this.#passedOver.push(sentence);
    this.#candidates = [next, ...others];
    return sentence;
  }
}
