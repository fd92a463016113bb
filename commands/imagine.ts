import type { RemotePicture, Request } from '../src/core/request.ts';
import { BadInputError } from '../src/errors.ts';
import type { DispatchResult } from '../src/platforms/port.ts';
import type { Command, CommandContext, KeptPicture } from './context.ts';
import { type ImagineInput, pictureSources, readSpoiler } from './imagine-values.ts';
import { IMAGINE_OPTIONS } from './options.ts';
import { type InitSource, resolveSpec, type SpecSurroundings } from './spec.ts';
import { submit } from './submit.ts';

export const imagine: Command = {
  description: {
    name: 'imagine',
    description: 'Draw what you describe',
    options: IMAGINE_OPTIONS,
    pictures: [
      { name: 'picture', description: 'A picture to begin from' },
      { name: 'mask-picture', description: 'A mask for that picture: its white is drawn anew' },
    ],
  },
  run: (request, context) => imagineWith(request, request, request.pictures ?? [], context),
};

/** @param attached pictures to begin from, where no option names one */
export async function imagineWith(
  request: Request,
  input: ImagineInput,
  attached: readonly RemotePicture[],
  context: CommandContext,
): Promise<DispatchResult> {
  const user = await context.settings.ofUser(request.user);
  const channel = await context.settings.ofChannel(request.channel);
  const surroundings = { ...context, user, channel };
  const take = (source: string | RemotePicture) => context.takePicture(source, request.user);
  const init = await takeInit(input, attached, surroundings, take);
  const spec = resolveSpec(input, { ...surroundings, ...(init !== undefined && { init }) });
  const spoiler = readSpoiler(input);
  return submit(request, { kind: 'generate', spec }, { ...(spoiler !== undefined && { spoiler }) }, context);
}

const NO_PICTURE_YET: InitSource = { image: '', width: 1, height: 1 };

/** The picture to begin from and its mask: named by an option, or else attached, the picture first. */
async function takeInit(
  input: ImagineInput,
  pictures: readonly RemotePicture[],
  surroundings: SpecSurroundings,
  take: (source: string | RemotePicture) => Promise<KeptPicture>,
): Promise<InitSource | undefined> {
  const named = pictureSources(input);
  const attached = [...pictures];
  const init = named.init ?? attached.shift();
  const mask = named.mask ?? attached.shift();
  if (init === undefined) {
    if (mask === undefined) return undefined;
    throw new BadInputError('no_init', 'A mask needs the picture it masks; give that with `--init`, or attach it.');
  }
  // Everything typed is checked before anything is fetched.
  resolveSpec(input, { ...surroundings, init: NO_PICTURE_YET });
  const { name: image, width, height } = await take(init);
  if (mask === undefined) return { image, width, height };
  return { image, width, height, mask: (await take(mask)).name };
}
