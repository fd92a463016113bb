import type { RemotePicture, Request } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { Command, CommandContext } from '../context.ts';
import { IMAGINE_OPTIONS } from './imagine-options.ts';
import { type ImagineInput, readSpoiler } from './imagine-values.ts';
import { loadInit } from './init-picture.ts';
import { resolveSpec } from './resolve-spec.ts';
import { submit } from './submit.ts';

/** `/imagine`: checks everything, then queues one job. */
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
  const specContext = { ...context, user, channel };
  const init = await loadInit(input, attached, specContext, (source) => context.loadPicture(source, request.user));
  const spec = resolveSpec(input, { ...specContext, ...(init !== undefined && { init }) });
  const spoiler = readSpoiler(input);
  return submit(request, { kind: 'generate', spec }, { ...(spoiler !== undefined && { spoiler }) }, context);
}
