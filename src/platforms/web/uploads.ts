import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import type { ReplyPicture } from '../../core/reply.ts';
import type { PictureFiles } from './picture-files.ts';
import { refuse } from './refusal.ts';
import type { WirePerson, WireUpload } from './wire.ts';

export const MAX_UPLOAD_BYTES = 25 * 1024 * 1024;
/** A camera's picture, no bomb. */
const MAX_PIXELS = 50_000_000;
/** Pictures that wait to be attached, of all people together: at most so many, and none longer than this. */
const MAX_WAITING = 32;
const MAX_AGE_MS = 30 * 60_000;

const MEDIA_TYPES: Readonly<Record<string, ReplyPicture['mediaType']>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
};
const EXTENSIONS = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' } as const;

/** Pictures that people have handed over and not attached yet; only in memory. */
export interface Uploads {
  /** @throws HTTPException when the bytes are no picture that a channel shows */
  add(person: WirePerson, data: Uint8Array): Promise<WireUpload>;
  /** @throws HTTPException when it is not there, or somebody else's */
  get(person: WirePerson, upload: string): ReplyPicture;
}

interface Waiting {
  readonly person: string;
  readonly picture: ReplyPicture;
  readonly at: number;
}

export function createUploads(files: PictureFiles, now: () => number): Uploads {
  const waiting = new Map<string, Waiting>();

  function forget(upload: string): void {
    waiting.delete(upload);
    files.release(`upload:${upload}`);
  }

  return {
    async add({ id: person }, data) {
      const picture = await readPicture(data);
      const upload = randomBytes(12).toString('hex');
      waiting.set(upload, { person, picture, at: now() });
      for (const [old, { at }] of waiting) if (waiting.size > MAX_WAITING || at < now() - MAX_AGE_MS) forget(old);
      const [shown] = files.hold(`upload:${upload}`, [picture]);
      if (shown === undefined) throw new Error('a held picture is shown');
      return { ...shown, upload };
    },
    get({ id: person }, upload) {
      const found = waiting.get(upload);
      if (found?.person === person) return found.picture;
      throw refuse(410, 'upload_gone', 'The attached picture is no longer here; attach it again.');
    },
  };
}

async function readPicture(data: Uint8Array): Promise<ReplyPicture> {
  const head = await sharp(data, { limitInputPixels: MAX_PIXELS })
    .metadata()
    .catch(() => undefined);
  const mediaType = MEDIA_TYPES[head?.format ?? ''];
  const { width = 0, height = 0 } = head?.autoOrient ?? {};
  if (mediaType === undefined || width * height > MAX_PIXELS) {
    throw refuse(415, 'not_a_picture', 'That is not a picture Easel can read; give a PNG, JPEG or WebP.');
  }
  return { name: `picture.${EXTENSIONS[mediaType]}`, mediaType, data, width, height, alt: 'Attached picture' };
}
