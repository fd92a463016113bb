import type { RemotePicture } from '../core/request.ts';
import { type DecodedPicture, decodePicture } from './decode-picture.ts';
import { fetchPicture } from './fetch-picture.ts';
import { tooLarge } from './read-bounded.ts';

/** Bytes of a picture as it is given. */
const MAX_BYTES = 25 * 1024 * 1024;
const TIMEOUT_MS = 20_000;

/** @param source a web address, or what hangs on a message @throws EaselError saying what is wrong with it */
export async function takePicture(source: string | RemotePicture): Promise<DecodedPicture> {
  if (typeof source === 'string') {
    return decodePicture(await fetchPicture(source, { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS }));
  }
  if ((source.byteLength ?? 0) > MAX_BYTES) throw tooLarge(MAX_BYTES);
  return decodePicture(await source.fetch(MAX_BYTES));
}
