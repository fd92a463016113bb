import type { RemotePicture, Request } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { Command, CommandContext } from '../context.ts';
import type { OptionInput } from '../parsing/collect-options.ts';
import { parseImagine } from './imagine-input.ts';
import { IMAGINE_FORM, IMAGINE_OPTIONS } from './imagine-options.ts';
import { type LoadPicture, resolveRequest } from './resolve-request.ts';
import { submitResolved } from './submit.ts';

/** `/imagine`: checks everything, then queues one job. */
export const imagine: Command = {
  description: {
    name: 'imagine',
    description: 'Draw pictures from a prompt',
    options: IMAGINE_OPTIONS,
    isDefault: true,
    formShortcut: IMAGINE_FORM,
    pictures: [
      { name: 'picture', description: 'A picture to start from (init image)' },
      { name: 'mask-picture', description: 'A mask for that picture: white areas are drawn again' },
    ],
  },
  run: (request, context) => imagineWith(request, request, request.pictures ?? [], context),
};

/**
 * Parsed once, resolved once, against settings that are read once.
 * @param attached pictures to begin from, where no option names one
 */
export async function imagineWith(
  request: Request,
  given: OptionInput,
  attached: readonly RemotePicture[],
  context: CommandContext,
): Promise<DispatchResult> {
  const input = parseImagine(given, context);
  const user = await context.settings.ofUser(request.user);
  const channel = await context.settings.ofChannel(request.channel);
  const load: LoadPicture = (source) => context.loadPicture(source, request.user);
  const resolved = await resolveRequest(input, attached, { ...context, user, channel }, load);
  return submitResolved(request, resolved, {}, context);
}
