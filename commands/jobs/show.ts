import { encodeButtonId } from '../../src/core/button.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { Job } from '../../src/core/job.ts';
import { type ReplyButton, text } from '../../src/core/reply.ts';
import type { Request } from '../../src/core/request.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { Gallery } from '../../src/store/port.ts';
import type { ButtonHandler, Command, CommandContext } from '../context.ts';
import { privateButton } from '../replies.ts';
import { refuseDeleted } from './job-pictures.ts';
import { findAt, findFinished, maySee } from './own-jobs.ts';

/** The index of a `show` button selects the gallery of its neighbours. */
const GALLERIES: readonly Gallery[] = ['made', 'starred'];

export const show: Command = {
  description: {
    name: 'show',
    description: 'Show your finished pictures again, only to you',
    showsPictures: true,
    options: [
      {
        name: 'which',
        aliases: [],
        description: 'Leave out for the latest; 2 for the one before; starred; or words from its prompt',
        type: 'string',
        required: false,
        freeText: true,
        completes: true,
        example: 'starred',
      },
    ],
  },
  async run(request, context) {
    const typed = String(request.options.which ?? request.text).trim();
    if (typed.toLowerCase() !== 'starred') {
      return showJob(await findFinished(typed, request, context), 'made', request, context);
    }
    const latest = await findAt(await context.gallery(request.user, 'starred'), 1, context);
    if (latest !== undefined) return showJob(latest, 'starred', request, context);
    throw new BadInputError('no_picture', 'You have no starred pictures yet; press ⭐ below a picture to star it.');
  },
};

/** A neighbour of what is shown, or a picture of a list. */
export const showPressed: ButtonHandler = {
  async run(request, job, index, context) {
    refuseDeleted(job);
    if (!maySee(job, request)) throw new BadInputError('no_picture', 'That picture is in another channel.');
    return showJob(job, GALLERIES[index] ?? 'made', request, context);
  },
};

/** A button that shows a job here. */
export function showButton(jobId: string, label: string, title: string, gallery: Gallery = 'made'): ReplyButton {
  return privateButton(encodeButtonId({ action: 'show', jobId, index: GALLERIES.indexOf(gallery) }), label, title);
}

/** As its message shows it, with buttons to the ones before and after. */
async function showJob(job: Job, gallery: Gallery, request: Request, context: CommandContext): Promise<DispatchResult> {
  const reply = await context.showJob(job, request);
  const all = await context.gallery(request.user, gallery);
  const place = all.indexOf(job.id);
  if (place === -1) return { kind: 'private', reply };
  const [newer, older] = [all[place - 1], all[place + 1]];
  const which = gallery === 'starred' ? 'your starred pictures' : 'your pictures';
  const row = [
    ...(newer === undefined ? [] : [showButton(newer, '◀ Newer', 'Show the picture made after this one', gallery)]),
    ...(older === undefined ? [] : [showButton(older, 'Older ▶', 'Show the picture made before this one', gallery)]),
  ];
  const lines = [...reply.lines, [text(`${place + 1} of ${all.length} of ${which}`)]];
  return {
    kind: 'private',
    reply: { ...reply, lines, buttons: row.length > 0 ? [...reply.buttons, row] : reply.buttons },
  };
}
