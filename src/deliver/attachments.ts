import { type RgbImage, specOf } from '../../engine/index.ts';
import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { type Size, sizeOf } from '../core/picture-size.ts';
import type { ReplyPicture } from '../core/reply.ts';
import { truncate } from '../core/truncate.ts';
import type { ChannelCapabilities, CompressedType } from '../platforms/port.ts';
import type { PictureStore } from '../store/port.ts';

/** A picture as the channel shows it: PNG bytes, sides in pixels. */
export interface RenderedPicture {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** How pictures are put together; `src/image` does it. */
export interface PictureRenderer {
  /** The finished pictures of a job in one, in reading order. @param numbered each bears its number */
  grid(pngs: readonly Uint8Array[], job: Job, numbered: boolean): Promise<RenderedPicture>;
  /** Small previews in one picture, as large as the finished grid will be seen. */
  preview(previews: readonly RgbImage[], size: Size): Promise<RenderedPicture>;
  /** @param quality from 1 to 100 */
  compress(png: Uint8Array, quality: number, type: CompressedType): Promise<Uint8Array>;
}

/** Tried in turn for a picture that is too large to send; the file that is kept stays as it is. */
const COMPRESSED_QUALITIES = [90, 75, 50];
const EXTENSIONS: Readonly<Record<CompressedType, string>> = { 'image/webp': '.webp', 'image/jpeg': '.jpg' };

/** Of an alternative text where the channel does not say otherwise. */
const MAX_ALT_LENGTH = 400;

/** What a channel takes for a picture. */
export interface PictureLimits extends Pick<ChannelCapabilities, 'compressed' | 'numbersGrids' | 'maxAltLength'> {
  readonly maxBytes: number;
}

/**
 * The picture of a rendered job, as PNG where that fits into `maxBytes`.
 * @throws EaselError `pictures_gone` when its files are gone, `too_large` when no form of it fits
 */
export async function attachFinished(
  job: Job,
  pictures: PictureStore,
  renderer: PictureRenderer,
  { maxBytes, maxAltLength, compressed = 'image/webp', numbersGrids = false }: PictureLimits,
): Promise<ReplyPicture> {
  const pngs: Uint8Array[] = [];
  for (const index of job.pictures.keys()) {
    const png = await pictures.png(job.id, index);
    if (png === undefined) throw gone();
    pngs.push(png);
  }
  const [single, second] = pngs;
  const [stored] = job.pictures;
  if (single === undefined || stored === undefined) throw gone();
  const drawn =
    second === undefined
      ? { png: single, width: stored.width, height: stored.height }
      : await renderer.grid(pngs, job, numbersGrids);
  const kind = pngs.length === 1 ? 'Picture' : `Grid of ${pngs.length} pictures`;
  const attached = attach(job, drawn, `easel-${job.id}.png`, altOf(job, kind, maxAltLength));
  return drawn.png.length <= maxBytes ? attached : compress(attached, renderer, maxBytes, compressed);
}

async function compress(
  picture: ReplyPicture,
  renderer: PictureRenderer,
  maxBytes: number,
  type: CompressedType,
): Promise<ReplyPicture> {
  for (const quality of COMPRESSED_QUALITIES) {
    const data = await renderer.compress(picture.data, quality, type);
    const name = picture.name.replace(/\.png$/, EXTENSIONS[type]);
    if (data.length <= maxBytes) return { ...picture, name, mediaType: type, data };
  }
  throw new EaselError(
    'too_large',
    'The picture file is too large for this channel; request smaller or fewer pictures.',
  );
}

export async function attachPreview(
  job: Job,
  previews: readonly RgbImage[],
  renderer: PictureRenderer,
  { maxAltLength }: Pick<ChannelCapabilities, 'maxAltLength'>,
): Promise<ReplyPicture> {
  const drawn = await renderer.preview(previews, sizeOf(job.task));
  return attach(job, drawn, `easel-${job.id}-preview.png`, altOf(job, 'Preview', maxAltLength));
}

function gone(): EaselError {
  return new EaselError(
    'pictures_gone',
    'The pictures are no longer kept; press 🔄 to draw them again with a new seed.',
  );
}

function altOf(job: Job, kind: string, maxLength = MAX_ALT_LENGTH): string {
  return truncate(`${kind}: ${specOf(job.task).prompt.replaceAll(/\s+/g, ' ')}`, maxLength);
}

function attach(job: Job, { png, width, height }: RenderedPicture, name: string, alt: string): ReplyPicture {
  return {
    name,
    mediaType: 'image/png',
    data: png,
    width,
    height,
    alt,
    ...(job.spoiler === true && { spoiler: true }),
  };
}
