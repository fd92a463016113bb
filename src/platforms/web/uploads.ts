import { randomBytes } from 'node:crypto';
import { EaselError } from '../../core/errors.ts';
import type { ReplyPicture } from '../../core/reply.ts';
import type { Format } from '../../image/format.ts';
import { readExif } from '../../image/picture-exif.ts';
import { isTurned } from '../../image/tiff.ts';
import { FairSlots } from '../../inputs/fair-slots.ts';
import { readHeader } from '../../inputs/picture-header.ts';
import { apiError } from './api-error.ts';
import { PendingUploads } from './pending-uploads.ts';
import type { PictureFiles } from './picture-files.ts';
import type { WirePerson, WireUpload } from './wire.ts';

/** Bytes of one uploaded file. */
export const MAX_UPLOAD_BYTES = 25 * 1024 * 1024;
/** Milliseconds for one picture to arrive: on a line of 2 Mbit/s, the largest does. */
const MAX_RECEIVING_MS = 120_000;
/** Pictures that arrive at once, each in memory. */
const RECEIVING = { running: 8, runningPerPerson: 2, waiting: 64, waitingPerPerson: 8 };

const KINDS: Readonly<Record<Format, { readonly mediaType: ReplyPicture['mediaType']; readonly extension: string }>> = {
  png: { mediaType: 'image/png', extension: 'png' },
  jpeg: { mediaType: 'image/jpeg', extension: 'jpg' },
  webp: { mediaType: 'image/webp', extension: 'webp' },
};

/** Pictures that people have handed over and not attached yet; only in memory. */
export interface Uploads {
  /** @param body no longer than `MAX_UPLOAD_BYTES` @throws HTTPException when it is no picture that Easel reads */
  add(person: WirePerson, body: ReadableStream<Uint8Array> | null): Promise<WireUpload>;
  /** @throws HTTPException when it is not there, or somebody else's */
  get(person: WirePerson, upload: string): ReplyPicture;
  /** Forgets all of them. */
  close(): void;
}

export function createUploads(files: PictureFiles): Uploads {
  const slots = new FairSlots(RECEIVING);
  const pending = new PendingUploads((upload) => files.forget(ownerOf(upload)));

  async function receive(person: string, body: ReadableStream<Uint8Array> | null): Promise<ReplyPicture> {
    try {
      return await slots.run(person, async () => toPicture(await readBody(body)));
    } catch (error) {
      if (error instanceof EaselError) throw apiError(statusOf(error), error.code, error.userMessage);
      throw error;
    }
  }

  return {
    async add({ id: person }, body) {
      const picture = await receive(person, body);
      const upload = randomBytes(12).toString('hex');
      const [shown] = files.hold(ownerOf(upload), [picture]);
      if (shown === undefined) throw new Error('an uploaded picture is shown');
      pending.put(upload, person, picture);
      return { ...shown, upload };
    },
    get({ id: person }, upload) {
      const picture = pending.get(upload, person);
      if (picture !== undefined) return picture;
      throw apiError(410, 'upload_gone', 'The attached picture is no longer kept; attach it again.');
    },
    close: () => pending.clear(),
  };
}

function ownerOf(upload: string): string {
  return `upload:${upload}`;
}

function toPicture(data: Uint8Array): ReplyPicture {
  const { format, ...size } = readHeader(data);
  const { mediaType, extension } = KINDS[format];
  const exif = readExif(data);
  const turned = exif !== undefined && isTurned(exif);
  const [width, height] = turned ? [size.height, size.width] : [size.width, size.height];
  return { name: `picture.${extension}`, mediaType, data, width, height, alt: 'Attached picture' };
}

/** @throws HTTPException when it does not arrive in time */
async function readBody(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const reader = body?.getReader();
  const chunks: Uint8Array[] = [];
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    reader?.cancel().catch(() => undefined);
  }, MAX_RECEIVING_MS);
  try {
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) chunks.push(read.value);
  } finally {
    clearTimeout(limit);
  }
  if (isLate) throw apiError(408, 'too_slow', 'The picture took too long to arrive; give a smaller one.');
  return new Uint8Array(Buffer.concat(chunks));
}

function statusOf({ code }: EaselError): 413 | 415 | 503 {
  if (code === 'busy') return 503;
  return code === 'picture_too_large' ? 413 : 415;
}
