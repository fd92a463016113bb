import { readFile } from 'node:fs/promises';
import { type ImagineInput, pictureSources } from '../../../commands/imagine-values.ts';
import { type InitSource, resolveSpec } from '../../../commands/spec.ts';
import type { Seed } from '../../../engine/index.ts';
import { BadInputError } from '../../errors.ts';
import { type DecodedPicture, decodePicture } from '../../inputs/decode-picture.ts';
import { fitPicture } from '../../inputs/fit-picture.ts';
import { takePicture } from '../../inputs/take-picture.ts';
import { loadStyles } from '../../styles.ts';
import type { CliParts, CliRequest } from './parts.ts';

/** Pictures of a request that names no count: on a command line one file is expected for one `--out`. */
const DEFAULT_COUNT = 1;

/** A command line as /imagine reads it, with the pictures that its options name. */
export function createResolve(randomSeed: () => Seed): CliParts['resolve'] {
  return async (input, engine, { negative, stylesFile }): Promise<CliRequest> => {
    const styles = loadStyles(stylesFile);
    const surroundings = { engine, styles, defaults: { count: DEFAULT_COUNT, negative }, randomSeed };
    const pictures = await takePictures(input);
    if (pictures === undefined) return { spec: resolveSpec(input, surroundings) };
    const { image, mask } = pictures;
    const init: InitSource = { image: 'init', width: image.width, height: image.height, ...(mask && { mask: 'mask' }) };
    const spec = resolveSpec(input, { ...surroundings, init });
    return { spec, init: await fitPicture(image.png, mask?.png, spec.width, spec.height) };
  };
}

async function takePictures(
  input: ImagineInput,
): Promise<{ readonly image: DecodedPicture; readonly mask?: DecodedPicture } | undefined> {
  const { init, mask } = pictureSources(input);
  if (init === undefined) {
    if (mask === undefined) return undefined;
    throw new BadInputError('no_init', 'A mask needs the picture it masks; give that with `--init`.');
  }
  const image = await take(init);
  return mask === undefined ? { image } : { image, mask: await take(mask) };
}

/** A web address, or a file of the person at this machine. */
async function take(source: string): Promise<DecodedPicture> {
  if (/^https?:/i.test(source)) return takePicture(source);
  const bytes = await readFile(source).catch((cause: unknown) => {
    const sentence = `The picture ${source} cannot be read; check the path.`;
    throw new BadInputError('no_picture', sentence, { cause });
  });
  return decodePicture(bytes);
}
