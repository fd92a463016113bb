import { formatOf } from '../image/format.ts';
import { readSegments } from '../image/jpeg-segments.ts';
import { sharp } from '../image/sharp.ts';
import { MAX_PIXELS } from './picture-header.ts';

/** A person's picture, whole and harmless: PNG with alpha, upright, in sRGB, no side longer than `MAX_KEPT_SIDE`. */
export interface DecodedPicture {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Pixels; the largest side that can be asked for. */
const MAX_KEPT_SIDE = 2048;
/** Encoders write about ten; each costs a pass over all pixels. */
const MAX_SCANS = 100;
const START_OF_SCAN = 0xda;
const END_OF_IMAGE = 0xd9;

/**
 * Only for the process that `createPictureDecoder` starts: a hostile picture may take any time, and more than it is told.
 * @throws Error when the picture is damaged
 */
export async function decodePicture(bytes: Uint8Array): Promise<DecodedPicture> {
  if (formatOf(bytes) === 'jpeg' && !hasFewScans(bytes)) throw new Error(`more than ${MAX_SCANS} scans`);
  const whole = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error', animated: false })
    .rotate()
    .toColourspace('srgb')
    .ensureAlpha()
    .resize(MAX_KEPT_SIDE, MAX_KEPT_SIDE, { fit: 'inside', withoutEnlargement: true });
  const { data, info } = await whole.png().toBuffer({ resolveWithObject: true });
  return { png: new Uint8Array(data), width: info.width, height: info.height };
}

/** From the first scan to the picture's end, after which a phone may append a film: within coded data 0 follows a byte of ones. */
function hasFewScans(jpeg: Uint8Array): boolean {
  const [...segments] = readSegments(jpeg);
  let scans = 0;
  for (let at = segments.at(-1)?.end ?? 0; at !== -1; at = jpeg.indexOf(0xff, at + 1)) {
    if (jpeg[at + 1] === END_OF_IMAGE) return true;
    if (jpeg[at + 1] === START_OF_SCAN) scans += 1;
    if (scans > MAX_SCANS) return false;
  }
  return true;
}
