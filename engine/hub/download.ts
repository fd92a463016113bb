import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { HubApiError } from '@huggingface/hub';
import { EngineError } from '../errors.ts';

export interface DownloadOptions {
  readonly url: string;
  readonly token: string | undefined;
  /** Where the content goes when it is whole; until then `.incomplete` is appended. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** What the content must hash to; undefined for files whose hash is git's. */
  readonly sha256: string | undefined;
  /** @param bytes that are there, of `size` */
  readonly onProgress: (bytes: number) => void;
  /** Before the second attempt; each further one waits twice as long. */
  readonly retryDelayMs: number;
}

/** Attempts that bring nothing; one that brings something begins the count again. */
const MAX_FRUITLESS_ATTEMPTS = 5;

/**
 * Downloads a file, and goes on where an earlier attempt, or an earlier process, was cut off.
 * @throws HubApiError when the Hub refuses, what `fetch` and the disk throw, EngineError when the content is not as promised
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { file, size, sha256 } = options;
  // Small files are not worth going on with; under a name of their own two processes can fetch them at once.
  const incomplete = sha256 === undefined ? `${file}.${randomUUID()}.incomplete` : `${file}.incomplete`;
  await mkdir(dirname(file), { recursive: true });
  let fruitless = 0;
  for (let there = await sizeOf(incomplete); there !== size; ) {
    const failure = await attempt(options, incomplete, there > size ? 0 : there).then(() => undefined, asError);
    const now = await sizeOf(incomplete);
    fruitless = now > there ? 0 : fruitless + 1;
    if (failure !== undefined && (!mayPass(failure) || fruitless >= MAX_FRUITLESS_ATTEMPTS)) throw failure;
    if (fruitless >= MAX_FRUITLESS_ATTEMPTS) throw damaged(options);
    if (now !== size) await setTimeout(options.retryDelayMs * 2 ** fruitless);
    there = now;
  }
  if (sha256 !== undefined && (await hashOf(incomplete)) !== sha256) {
    await rm(incomplete);
    throw damaged(options);
  }
  await rename(incomplete, file);
}

async function attempt({ url, token, onProgress }: DownloadOptions, incomplete: string, from: number): Promise<void> {
  const response = await fetch(url, {
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(from > 0 && { Range: `bytes=${from}-` }),
    },
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new HubApiError(url, response.status);
  }
  // A server that does not know ranges sends everything.
  const start = response.status === 206 ? from : 0;
  const handle = await open(incomplete, start === 0 ? 'w' : 'a');
  try {
    let there = start;
    for await (const chunk of response.body) {
      await handle.writeFile(chunk);
      there += chunk.byteLength;
      onProgress(there);
    }
  } finally {
    await handle.close();
  }
}

/** What another attempt may mend: cut connections, and servers that have a bad moment. */
function mayPass(error: Error): boolean {
  if (error instanceof HubApiError)
    return error.statusCode >= 500 || error.statusCode === 429 || error.statusCode === 416;
  return !('code' in error && (error.code === 'ENOSPC' || error.code === 'EACCES'));
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function damaged({ url }: DownloadOptions): EngineError {
  return new EngineError(
    'corrupt_file',
    `The file that the Hub sent for ${url} does not match its size or hash; try again later.`,
    {
      url,
    },
  );
}
