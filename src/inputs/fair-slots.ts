import { EaselError } from '../core/errors.ts';

export interface FairSlotsOptions {
  /** Pieces of work at once. */
  readonly running: number;
  /** Of one person; fewer than `running`, so that nobody can occupy all. */
  readonly runningPerPerson: number;
  readonly waiting: number;
  readonly waitingPerPerson: number;
}

interface Waiting {
  readonly person: string;
  readonly begin: () => void;
}

/** Bounds work on what people send: so much at once, shared among them, and so much that waits. */
export class FairSlots {
  readonly #options: FairSlotsOptions;
  readonly #running = new Map<string, number>();
  #waiting: Waiting[] = [];

  constructor(options: FairSlotsOptions) {
    this.#options = options;
  }

  /**
   * Does the work when there is a slot for its person, in the order of asking.
   * @param person any key
   * @throws EaselError `busy` when too much waits; whatever the work throws
   */
  async run<Result>(person: string, work: () => Promise<Result>): Promise<Result> {
    await this.#enter(person);
    try {
      return await work();
    } finally {
      const left = (this.#running.get(person) ?? 1) - 1;
      if (left === 0) this.#running.delete(person);
      else this.#running.set(person, left);
      this.#beginNext();
    }
  }

  #enter(person: string): Promise<void> {
    const { waiting, waitingPerPerson } = this.#options;
    if (this.#isFree(person)) {
      this.#take(person);
      return Promise.resolve();
    }
    if (this.#waiting.filter((one) => one.person === person).length >= waitingPerPerson) {
      const sentence = 'Easel is still reading your other pictures; try again when they are done.';
      throw new EaselError('busy', sentence, { retryable: true });
    }
    if (this.#waiting.length >= waiting) {
      const sentence = 'Easel is reading too many pictures at the moment; try again in a minute.';
      throw new EaselError('busy', sentence, { retryable: true });
    }
    return new Promise((begin) => this.#waiting.push({ person, begin }));
  }

  #isFree(person: string): boolean {
    const running = [...this.#running.values()].reduce((sum, count) => sum + count, 0);
    return running < this.#options.running && (this.#running.get(person) ?? 0) < this.#options.runningPerPerson;
  }

  #take(person: string): void {
    this.#running.set(person, (this.#running.get(person) ?? 0) + 1);
  }

  #beginNext(): void {
    for (;;) {
      const next = this.#waiting.find(({ person }) => this.#isFree(person));
      if (next === undefined) return;
      this.#waiting = this.#waiting.filter((one) => one !== next);
      this.#take(next.person);
      next.begin();
    }
  }
}
