import { setTimeout as sleep } from 'node:timers/promises';
import { EaselError } from '../core/errors.ts';

type Kind = 'full' | 'read_only' | 'gone' | 'failing';

/** By the code of a file system error, or of SQLite's. */
const KINDS: Readonly<Record<string, Kind>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read_only',
  EACCES: 'read_only',
  EPERM: 'read_only',
  EIO: 'failing',
  data_gone: 'gone',
};

const SQLITE_KINDS: readonly (readonly [prefix: string, kind: Kind])[] = [
  ['SQLITE_FULL', 'full'],
  ['SQLITE_READONLY', 'read_only'],
  ['SQLITE_CANTOPEN', 'gone'],
  ['SQLITE_IOERR', 'failing'],
];

const SENTENCES: Readonly<Record<Kind, readonly [what: string, until: string]>> = {
  full: ['The disk for pictures is full', 'there is free space'],
  read_only: ['The disk for pictures is not writable', 'it is writable'],
  gone: ['The picture folder is missing', 'it is back'],
  failing: ['The disk for pictures has an error', 'it works again'],
};

/**
 * What to tell a person of a write that the disk did not take but may take later: it is full, read-only, gone or
 * failing. Undefined for any other error.
 * @param outcome `refused`: the person has to ask again; `held`: what they asked for waits
 */
export function diskErrorOf(error: unknown, outcome: 'refused' | 'held'): EaselError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const { code } = error;
  const kind = KINDS[code] ?? SQLITE_KINDS.find(([prefix]) => code.startsWith(prefix))?.[1];
  if (kind === undefined) return undefined;
  const [what, until] = SENTENCES[kind];
  const then = outcome === 'refused' ? 'try again' : 'the job continues by itself';
  return new EaselError(`disk_${kind}`, `${what}; ${then} when ${until}.`, { retryable: true, cause: error });
}

/** How long a write is tried, and who is told. */
export interface RetryWriteOptions {
  /** Gives up: the last refusal is thrown. */
  readonly signal: AbortSignal;
  /** Told once, of the first refusal. */
  readonly onRefused: (trouble: EaselError) => void;
  /** Milliseconds before the second attempt; they double up to `MAX_PAUSE_MS`. @default 500 */
  readonly firstPauseMs?: number;
}

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;

/** Writes again and again until the disk takes it. @throws every error that is no trouble with the disk, at once */
export async function retryUntilWritten<Result>(
  write: () => Promise<Result>,
  options: RetryWriteOptions,
): Promise<Result> {
  const { signal, onRefused, firstPauseMs = FIRST_PAUSE_MS } = options;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    try {
      return await write();
    } catch (error) {
      const trouble = diskErrorOf(error, 'held');
      if (trouble === undefined || signal.aborted) throw error;
      if (pauseMs === firstPauseMs) onRefused(trouble);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw error;
    }
  }
}
