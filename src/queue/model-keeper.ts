import { specOf } from '../../engine/index.ts';
import type { QueueEntry } from './queue-entry.ts';

/** Jobs that may go before the one whose turn it is. */
const MOST_BEFORE = 3;

/**
 * The engine holds one model, and to read another takes as long as to draw some pictures. So a job whose turn it is lets
 * jobs of the model that is held go first, in their own order, at most three of them; then it is its turn, whatever waits.
 * Nobody pays for that: each job is charged its own work, and who went first waits longer the next time.
 */
export class ModelKeeper {
  #held: string | undefined;
  /** Of the job whose turn it was, how many went before it. */
  #passed: { readonly jobId: string; readonly count: number } = { jobId: '', count: 0 };
  #first: string | undefined;

  /** @param waiting those that may start, in the order of their turns */
  choose(waiting: readonly QueueEntry[]): QueueEntry | undefined {
    const [first] = waiting;
    this.#first = first?.job.id;
    // What the engine lost is drawn again before anything else.
    if (first === undefined || first.resumed || this.#held === undefined || modelOf(first) === this.#held) return first;
    const before = this.#passed.jobId === first.job.id ? this.#passed.count : 0;
    if (before >= MOST_BEFORE) return first;
    return waiting.find((entry) => modelOf(entry) === this.#held) ?? first;
  }

  /** The engine takes a job that was chosen. */
  begin(entry: QueueEntry): void {
    this.#held = modelOf(entry);
    const first = this.#first;
    if (first === undefined || first === entry.job.id) return;
    const before = this.#passed.jobId === first ? this.#passed.count : 0;
    this.#passed = { jobId: first, count: before + 1 };
  }
}

function modelOf({ job }: QueueEntry): string {
  return specOf(job.task).model;
}
