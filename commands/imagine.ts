import type { CommandRequest } from '../src/core/request.ts';
import { BadInputError } from '../src/errors.ts';
import type { Command, CommandContext } from './context.ts';
import { IMAGINE_OPTIONS } from './options.ts';
import { POSTED } from './replies.ts';
import { type InitSource, pictureSources, resolveSpec } from './spec.ts';
import { askedBy } from './submit.ts';

export const imagine: Command = {
  description: { name: 'imagine', description: 'Draw what you describe', options: IMAGINE_OPTIONS },
  async run(request, context) {
    const init = await takeInit(request, context);
    const spec = resolveSpec(request, { ...context, ...(init !== undefined && { init }) });
    await context.queue.submit({ ...askedBy(request), task: { kind: 'generate', spec } });
    return POSTED;
  },
};

const NO_PICTURE_YET: InitSource = { image: '', width: 1, height: 1 };

/** The picture to begin from and its mask: named by an option, or else attached, the picture first. */
async function takeInit(request: CommandRequest, context: CommandContext): Promise<InitSource | undefined> {
  const named = pictureSources(request);
  const attached = [...(request.pictures ?? [])];
  const init = named.init ?? attached.shift();
  const mask = named.mask ?? attached.shift();
  if (init === undefined) {
    if (mask === undefined) return undefined;
    throw new BadInputError('no_init', 'A mask needs the picture it masks; give that with `--init`, or attach it.');
  }
  // Everything typed is checked before anything is fetched.
  resolveSpec(request, { ...context, init: NO_PICTURE_YET });
  const { name: image, width, height } = await context.takePicture(init);
  if (mask === undefined) return { image, width, height };
  return { image, width, height, mask: (await context.takePicture(mask)).name };
}
