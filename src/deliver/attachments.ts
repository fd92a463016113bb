import type { RgbImage } from '../../engine/index.ts';
import { specOf } from '../../engine/index.ts';
import type { Job } from '../core/job.ts';
import type { ReplyPicture } from '../core/reply.ts';
import type { PictureStore } from '../store/port.ts';

/** A picture as the channel shows it: PNG bytes, sides in pixels. */
export interface DrawnPicture {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** How pictures are put together; `src/image` does it. */
export interface Drawing {
  /** The finished pictures of a job in one, in reading order. */
  grid(pngs: readonly Uint8Array[], job: Job): Promise<DrawnPicture>;
  /** Small previews in one picture, as large as the finished grid will be seen. */
  preview(previews: readonly RgbImage[]): Promise<DrawnPicture>;
}

/** Characters (code points) of the prompt in an alternative text. */
const MAX_ALT_PROMPT = 200;

/** The picture of a rendered job; undefined when its files are gone. */
export async function attachFinished(
  job: Job,
  pictures: PictureStore,
  drawing: Drawing,
): Promise<ReplyPicture | undefined> {
  const pngs: Uint8Array[] = [];
  for (const index of job.pictures.keys()) {
    const png = await pictures.png(job.id, index);
    if (png === undefined) return undefined;
    pngs.push(png);
  }
  const [single, second] = pngs;
  const [stored] = job.pictures;
  if (single === undefined || stored === undefined) return undefined;
  const drawn =
    second === undefined ? { png: single, width: stored.width, height: stored.height } : await drawing.grid(pngs, job);
  const kind = pngs.length === 1 ? 'Picture' : `Grid of ${pngs.length} pictures`;
  return attach(drawn, `easel-${job.id}.png`, `${kind}: ${promptOf(job)}`);
}

export async function attachPreview(job: Job, previews: readonly RgbImage[], drawing: Drawing): Promise<ReplyPicture> {
  return attach(await drawing.preview(previews), `easel-${job.id}-preview.png`, `Preview: ${promptOf(job)}`);
}

function attach({ png, width, height }: DrawnPicture, name: string, alt: string): ReplyPicture {
  return { name, mediaType: 'image/png', data: png, width, height, alt };
}

function promptOf(job: Job): string {
  const characters = [...specOf(job.task).prompt];
  return characters.length > MAX_ALT_PROMPT ? `${characters.slice(0, MAX_ALT_PROMPT).join('')}…` : characters.join('');
}
