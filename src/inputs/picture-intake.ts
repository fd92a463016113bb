import type { RemotePicture } from '../core/request.ts';
import { readRecipeText } from '../image/recipe-text.ts';
import { tooLarge } from '../lib/read-bounded.ts';
import type { DecodedPicture } from './decode-picture.ts';
import { FairSlots } from './fair-slots.ts';
import { fetchPicture } from './fetch-picture.ts';
import { createPictureDecoder, type PictureDecoderOptions } from './picture-decoder.ts';

/** Bytes of a picture as it is given. */
const MAX_BYTES = 25 * 1024 * 1024;
/** Of a picture whose recipe is looked for. */
const MAX_RECIPE_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 20_000;
/** Each that runs holds a picture in memory; what waits holds none. */
const SLOTS = { running: 8, runningPerPerson: 2, waiting: 64, waitingPerPerson: 8 };

/** Pictures that people give, fetched and read: so many at once, and shared among them. */
export interface PictureIntake {
  /**
   * Fetches a picture and decodes it.
   * @param source a web address, or what hangs on a message
   * @param person whose it is, any key
   * @throws EaselError saying what is wrong with it
   */
  load(source: string | RemotePicture, person: string): Promise<DecodedPicture>;
  /** What the picture's file says of how it was made; undefined when it says nothing. @throws EaselError */
  readRecipe(picture: RemotePicture, person: string): Promise<string | undefined>;
  /** @throws EaselError saying what is wrong with it */
  decode(bytes: Uint8Array, person: string): Promise<DecodedPicture>;
  /** Ends at once whatever is being decoded. */
  close(): void;
}

export function createPictureIntake(options: PictureDecoderOptions = {}): PictureIntake {
  const decoder = createPictureDecoder(options);
  const slots = new FairSlots(SLOTS);

  async function fetchBytes(source: string | RemotePicture, maxBytes: number): Promise<Uint8Array> {
    if (typeof source === 'string') return fetchPicture(source, { maxBytes, timeoutMs: TIMEOUT_MS });
    if ((source.byteLength ?? 0) > maxBytes) throw tooLarge(maxBytes);
    return source.fetch(maxBytes);
  }

  return {
    load: (source, person) =>
      slots.run(person, async () => decoder.decode(await fetchBytes(source, MAX_BYTES), person)),
    readRecipe: (picture, person) =>
      slots.run(person, async () => readRecipeText(await fetchBytes(picture, MAX_RECIPE_BYTES))),
    decode: (bytes, person) => decoder.decode(bytes, person),
    close: () => decoder.close(),
  };
}
