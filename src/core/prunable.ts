/** Files as they lie on the disk. */
export interface KeptFiles {
  /** The job's id, the input's name, or the message's id. */
  readonly key: string;
  readonly bytes: number;
  /** Last written, or used; milliseconds since the epoch. */
  readonly usedAt: number;
}

/** What pruning may remove, by key. */
export interface Prunable {
  /** What is there; leftovers of an earlier process's writes are removed on the way. */
  kept(): AsyncIterable<KeptFiles>;
  delete(key: string): Promise<void>;
}
