import type { GenerationSpec } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { RemotePicture } from '../../src/core/request.ts';
import type { KeptPicture } from '../context.ts';
import { type ImagineInput, pictureSources } from './imagine-values.ts';
import { type InitSource, resolveSpec, type SpecContext } from './resolve-spec.ts';

export type LoadPicture = (source: string | RemotePicture) => Promise<KeptPicture>;

const NO_PICTURE_YET: InitSource = { image: '', width: 1, height: 1 };

/**
 * The picture to begin from and its mask: named by an option, or else attached, the picture first. A mask alone is for
 * the picture that what is made again began from. Undefined where neither is given.
 * @param take fetches and keeps what a person gave
 * @throws BadInputError for a mask without its picture, and for anything else that was typed wrong
 */
export async function loadInit(
  input: ImagineInput,
  pictures: readonly RemotePicture[],
  specContext: SpecContext,
  take: LoadPicture,
): Promise<InitSource | undefined> {
  const named = pictureSources(input);
  const attached = [...pictures];
  const init = named.init ?? attached.shift();
  const mask = named.mask ?? attached.shift();
  if (init === undefined && mask === undefined) return undefined;
  const earlier = init === undefined ? earlierInit(specContext.base) : undefined;
  if (init === undefined && earlier === undefined) {
    throw new BadInputError('no_init', 'A mask needs an init image; give one with `--init`, or attach it.');
  }
  // Everything typed is checked before anything is fetched.
  resolveSpec(input, { ...specContext, init: earlier ?? NO_PICTURE_YET });
  const begun = earlier ?? (init === undefined ? NO_PICTURE_YET : await keep(init, take));
  return mask === undefined ? begun : { ...begun, mask: (await take(mask)).name };
}

async function keep(source: string | RemotePicture, take: LoadPicture): Promise<InitSource> {
  const { name: image, width, height } = await take(source);
  return { image, width, height };
}

function earlierInit(base: GenerationSpec | undefined): InitSource | undefined {
  return base?.init && { image: base.init.image, width: base.width, height: base.height };
}
