import { createReadStream } from 'node:fs';
import { type ImagineInput, parseImagine } from '../../commands/imagine/imagine-input.ts';
import { notesOf } from '../../commands/imagine/resolve-request.ts';
import { type InitSource, resolveSpec } from '../../commands/imagine/resolve-spec.ts';
import type { Seed } from '../../engine/index.ts';
import { loadStyles } from '../app/load-styles.ts';
import { BadInputError, EaselError } from '../core/errors.ts';
import type { DecodedPicture } from '../inputs/decode-picture.ts';
import { fitPicture } from '../inputs/fit-picture.ts';
import { createPictureIntake, type PictureIntake } from '../inputs/picture-intake.ts';
import { readBounded } from '../lib/read-bounded.ts';
import type { CliDependencies, CliRequest } from './types.ts';

/** Pictures of a request that names no count: on a command line one file is expected for one `--out`. */
const DEFAULT_COUNT = 1;
/** Bytes of a file: a PNG of 50 megapixels is not larger. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** Whoever is at this machine. */
const PERSON = 'cli';

/** A command line as /imagine reads it, with the pictures that its options name. */
export function createResolve(randomSeed: () => Seed): CliDependencies['resolve'] {
  return async (given, engine, { negative, speed, stylesFile }): Promise<CliRequest> => {
    const styles = loadStyles(stylesFile);
    const defaults = { count: DEFAULT_COUNT, negative, ...(speed !== undefined && { speed }) };
    const specContext = { engine, styles, defaults, randomSeed };
    const input = parseImagine(given, specContext);
    const pictures = await takePictures(input);
    if (pictures === undefined) {
      const spec = resolveSpec(input, specContext);
      return { spec, notes: notesOf(input, spec, specContext) };
    }
    const { image, mask } = pictures;
    const init: InitSource = { image: 'init', width: image.width, height: image.height, ...(mask && { mask: 'mask' }) };
    const spec = resolveSpec(input, { ...specContext, init });
    const notes = notesOf(input, spec, specContext);
    return { spec, notes, init: await fitPicture(image.png, mask?.png, spec.width, spec.height) };
  };
}

async function takePictures({
  init,
  mask,
}: ImagineInput): Promise<{ readonly image: DecodedPicture; readonly mask?: DecodedPicture } | undefined> {
  if (init === undefined) {
    if (mask === undefined) return undefined;
    throw new BadInputError('no_init', 'A mask needs an init image; give one with `--init`.');
  }
  const intake = createPictureIntake();
  try {
    const image = await take(init, intake);
    return mask === undefined ? { image } : { image, mask: await take(mask, intake) };
  } finally {
    intake.close();
  }
}

/** A web address, or a file of the person at this machine. */
async function take(source: string, intake: PictureIntake): Promise<DecodedPicture> {
  if (/^https?:/i.test(source)) return intake.load(source, PERSON);
  return intake.decode(await readFile(source), PERSON);
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await readBounded(createReadStream(path), MAX_FILE_BYTES);
  } catch (cause) {
    if (cause instanceof EaselError) throw cause;
    throw new BadInputError('no_picture', `The picture ${path} cannot be read; check the path.`, { cause });
  }
}
