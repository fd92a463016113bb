import type { ReplyPicture } from '../../core/reply.ts';

const MEBIBYTE = 1024 * 1024;
const MAX_AGE_MS = 30 * 60_000;
/** Pictures and bytes that wait, of one person and of all together. Two of the largest go along with one message. */
const PER_PERSON = { count: 8, bytes: 64 * MEBIBYTE };
const IN_ALL = { count: 256, bytes: 256 * MEBIBYTE };

interface Waiting {
  readonly upload: string;
  readonly person: string;
  readonly picture: ReplyPicture;
  readonly expiry: NodeJS.Timeout;
}

/**
 * Pictures that wait in memory to be attached, for half an hour at most. Where there are too many, the oldest of that
 * person goes, and of all together the oldest of whoever has the most waiting: nobody can push out everyone else's.
 */
export class PendingUploads {
  readonly #waiting = new Map<string, Waiting>();
  readonly #onForget: (upload: string) => void;

  constructor(onForget: (upload: string) => void) {
    this.#onForget = onForget;
  }

  put(upload: string, person: string, picture: ReplyPicture): void {
    const expiry = setTimeout(() => this.#forget(upload), MAX_AGE_MS).unref();
    this.#waiting.set(upload, { upload, person, picture, expiry });
    while (exceeds(this.#of(person), PER_PERSON)) this.#forgetOldest(person);
    while (exceeds([...this.#waiting.values()], IN_ALL)) this.#forgetOldest(this.#largestHolder());
  }

  get(upload: string, person: string): ReplyPicture | undefined {
    const found = this.#waiting.get(upload);
    return found?.person === person ? found.picture : undefined;
  }

  clear(): void {
    for (const upload of [...this.#waiting.keys()]) this.#forget(upload);
  }

  #of(person: string): Waiting[] {
    return [...this.#waiting.values()].filter((one) => one.person === person);
  }

  #largestHolder(): string {
    const held = new Map<string, number>();
    for (const { person, picture } of this.#waiting.values()) {
      held.set(person, (held.get(person) ?? 0) + picture.data.length);
    }
    const [[largest = ''] = []] = [...held].toSorted(([, a], [, b]) => b - a);
    return largest;
  }

  #forgetOldest(person: string): void {
    const [oldest] = this.#of(person);
    if (oldest !== undefined) this.#forget(oldest.upload);
  }

  #forget(upload: string): void {
    clearTimeout(this.#waiting.get(upload)?.expiry);
    this.#waiting.delete(upload);
    this.#onForget(upload);
  }
}

function exceeds(waiting: readonly Waiting[], most: { readonly count: number; readonly bytes: number }): boolean {
  const bytes = waiting.reduce((sum, { picture }) => sum + picture.data.length, 0);
  return waiting.length > most.count || bytes > most.bytes;
}
