import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EaselError } from '../core/errors.ts';
import type { DecodedPicture } from './decode-picture.ts';
import type { FromDecoder, ToDecoder } from './decode-process.ts';
import { FairSlots } from './fair-slots.ts';
import { damaged, pictureTooLarge, readHeader } from './picture-header.ts';

export interface PictureDecoderOptions {
  /** Milliseconds for one picture, after which its process is killed. The largest take four on an idle core. @default 20000 */
  readonly limitMs?: number;
  /** Milliseconds after which a process without work ends. @default 60000 */
  readonly idleMs?: number;
  /** Processes, each of which decodes one picture at a time. @default 2 */
  readonly processes?: number;
}

/** Decodes pictures from elsewhere, each in a process that can be killed. */
export interface PictureDecoder {
  /**
   * @param person whose picture it is, any key: nobody's pictures occupy every process
   * @throws BadInputError when the bytes are not one still picture of a sensible size; EaselError `busy`, `stopping`
   */
  decode(bytes: Uint8Array, person: string): Promise<DecodedPicture>;
  /** Kills what decodes; what waits is refused. */
  close(): void;
}

const CHILD = new URL('./decode-process.ts', import.meta.url);
/** All that the process is told of the bot's environment, which holds its tokens. */
const ENVIRONMENT = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LD_LIBRARY_PATH'] as const;
const WAITING = { waiting: 64, waitingPerPerson: 8 };

export function createPictureDecoder(options: PictureDecoderOptions = {}): PictureDecoder {
  const { limitMs = 20_000, idleMs = 60_000, processes = 2 } = options;
  const slots = new FairSlots({ running: processes, runningPerPerson: Math.max(1, processes - 1), ...WAITING });
  /** Without work, the last used last. */
  const idle: { readonly child: ChildProcess; readonly expiry: NodeJS.Timeout }[] = [];
  const busy = new Set<ChildProcess>();
  let isClosed = false;

  function takeIdle(): ChildProcess | undefined {
    const warm = idle.pop();
    clearTimeout(warm?.expiry);
    return warm?.child;
  }

  /** What has work keeps this process alive, and what has none does not. */
  function putBack(child: ChildProcess): void {
    child.unref();
    child.channel?.unref();
    idle.push({ child, expiry: setTimeout(() => forget(child), idleMs).unref() });
  }

  function forget(child: ChildProcess): void {
    const at = idle.findIndex((one) => one.child === child);
    if (at !== -1) clearTimeout(idle.splice(at, 1)[0]?.expiry);
    child.kill('SIGKILL');
  }

  async function askIn(child: ChildProcess, bytes: Uint8Array): Promise<Answer> {
    child.ref();
    child.channel?.ref();
    busy.add(child);
    const answer = await ask(child, bytes, limitMs);
    busy.delete(child);
    if (isClosed) throw stopping();
    if (answer.kind === 'decoded' || answer.kind === 'damaged') putBack(child);
    return answer;
  }

  async function decodeNow(bytes: Uint8Array): Promise<DecodedPicture> {
    if (isClosed) throw stopping();
    const warm = takeIdle();
    const first = warm === undefined ? undefined : await askIn(warm, bytes);
    // One that waited may have died before, which says nothing of this picture.
    const answer = first === undefined || first.kind === 'ended' ? await askIn(start(forget), bytes) : first;
    switch (answer.kind) {
      case 'decoded':
        return answer.picture;
      case 'damaged':
        throw damaged();
      case 'too slow':
        throw pictureTooLarge('takes too long to read');
      case 'ended': {
        const sentence = 'The picture could not be read; save it again as a PNG or JPEG, or give a smaller one.';
        throw new EaselError('picture_unreadable', sentence, { cause: answer.cause });
      }
    }
  }

  return {
    async decode(bytes, person) {
      if (isClosed) throw stopping();
      readHeader(bytes);
      return slots.run(person, () => decodeNow(bytes));
    },
    close() {
      isClosed = true;
      for (const { child } of [...idle]) forget(child);
      for (const child of busy) child.kill('SIGKILL');
    },
  };
}

function start(onEnd: (child: ChildProcess) => void): ChildProcess {
  const child = fork(fileURLToPath(CHILD), {
    serialization: 'advanced',
    execArgv: ['--import', import.meta.resolve('tsx')],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
  });
  // Both also come of a process that has no work.
  child.on('error', () => onEnd(child));
  child.on('exit', () => onEnd(child));
  return child;
}

type Answer = FromDecoder | { readonly kind: 'too slow' } | { readonly kind: 'ended'; readonly cause: Error };

/** Never rejects. The child is dead, or about to be, when there is no answer of its own. */
function ask(child: ChildProcess, bytes: Uint8Array, limitMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const end = (answer: Answer) => {
      clearTimeout(limit);
      for (const [event, listener] of Object.entries(listeners)) child.off(event, listener);
      if (answer.kind === 'too slow' || answer.kind === 'ended') child.kill('SIGKILL');
      resolve(answer);
    };
    const ended = (cause: Error) => end({ kind: 'ended', cause });
    const listeners = {
      message: (answer: FromDecoder) => end(answer),
      error: ended,
      exit: (code: number | null, signal: string | null) =>
        ended(new Error(`the picture decoder process ended with ${signal ?? code}`)),
    };
    const limit = setTimeout(() => end({ kind: 'too slow' }), limitMs);
    for (const [event, listener] of Object.entries(listeners)) child.on(event, listener);
    child.send({ bytes } satisfies ToDecoder, (error) => error !== null && ended(error));
  });
}

function stopping(): EaselError {
  const sentence = 'Easel is shutting down; send the picture again when it is back.';
  return new EaselError('stopping', sentence, { retryable: true });
}
