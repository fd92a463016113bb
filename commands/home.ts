import { specOf } from '../engine/index.ts';
import { encodeFormId } from '../src/core/form.ts';
import type { Job } from '../src/core/job.ts';
import { type ReplyPicture, type RichText, strong, text } from '../src/core/reply.ts';
import type { Request } from '../src/core/request.ts';
import { isSameUser } from '../src/core/user.ts';
import { EaselError } from '../src/errors.ts';
import type { CommandContext, Shortcut } from './context.ts';
import { IMAGINE_FORM } from './imagine-form.ts';
import { abridge } from './limits.ts';
import { finishedJobs, titleOf } from './own-jobs.ts';
import { privateButton } from './replies.ts';
import { SETTINGS_FORM } from './settings.ts';
import { describeUserSettings } from './settings-lines.ts';
import { showButton } from './show.ts';

/** One row of buttons. */
const RECENT = 5;
const TITLE_LENGTH = 80;

/** A person's own page: their places in the line, what they made last, and their settings. */
export const homeShortcut: Shortcut = {
  shortcut: 'home',
  async run(request, context) {
    const recent = (await finishedJobs(request, 'made', context)).slice(0, RECENT);
    const settings = await context.settings.ofUser(request.user);
    const lines = [
      [strong('In the line')],
      ...placesOf(request, context),
      [strong('Your latest pictures')],
      ...listOf(recent),
      [strong('Your settings')],
      ...describeUserSettings(settings, context.defaults),
    ];
    const actions = [
      privateButton(encodeFormId({ form: IMAGINE_FORM }), '🎨 Imagine', 'Draw something'),
      privateButton(encodeFormId({ form: SETTINGS_FORM }), '✏️ Settings', 'Change your settings'),
    ];
    const shows = recent.map((job, place) => showButton(job, `${place + 1}`, `Show ${titleOf(job, TITLE_LENGTH)}`));
    const pictures = await latestPictures(recent, request, context);
    const buttons = shows.length > 0 ? [shows, actions] : [actions];
    return { kind: 'private', reply: { state: 'info', lines, pictures, buttons } };
  },
};

function placesOf(request: Request, { queue }: CommandContext): RichText[] {
  const mine = queue.pending().filter((job) => isSameUser(job.owner, request.user));
  if (mine.length === 0) return [[text('Nothing of yours is waiting.')]];
  return mine.map((job) => {
    const place = queue.position(job.id)?.place;
    const where = place === undefined || place === 0 ? 'being drawn' : `number ${place}`;
    return [text(`${abridge(specOf(job.task).prompt, TITLE_LENGTH)} (${where})`)];
  });
}

function listOf(recent: readonly Job[]): RichText[] {
  if (recent.length === 0) return [[text('None yet.')]];
  return recent.map((job, place) => [text(`${place + 1}. ${titleOf(job, TITLE_LENGTH)}`)]);
}

/** None where its files were pruned: the page stands without. */
async function latestPictures(
  [latest]: readonly Job[],
  request: Request,
  context: CommandContext,
): Promise<readonly ReplyPicture[]> {
  if (latest === undefined) return [];
  try {
    return (await context.showJob(latest, request)).pictures;
  } catch (error) {
    if (error instanceof EaselError) return [];
    throw error;
  }
}
