import { specOf } from '../engine/index.ts';
import { encodeButtonId } from '../src/core/button.ts';
import { encodeFormId } from '../src/core/form.ts';
import type { Job } from '../src/core/job.ts';
import type { Page, PageEntry, PagePicture } from '../src/core/page.ts';
import { type RichText, strong, text } from '../src/core/reply.ts';
import type { Request } from '../src/core/request.ts';
import { isSameUser } from '../src/core/user.ts';
import { formatDuration } from '../src/core/words.ts';
import { EaselError } from '../src/errors.ts';
import type { CommandContext, Shortcut } from './context.ts';
import { IMAGINE_FORM } from './imagine-form.ts';
import { abridge } from './limits.ts';
import { latestJobs, titleOf } from './own-jobs.ts';
import { privateButton } from './replies.ts';
import { SETTINGS_FORM } from './settings.ts';
import { describeUserSettings } from './settings-lines.ts';
import { showButton } from './show.ts';

const RECENT = 6;
/** Requests in the line that are listed. */
const MAX_PLACES = 10;
const TITLE_LENGTH = 80;

/** A person's own page: their places in the line, what they made last, and their settings. */
export const homeShortcut: Shortcut = {
  shortcut: 'home',
  async run(request, context) {
    const recent = await latestJobs(request, 'made', RECENT, context);
    const settings = describeUserSettings(await context.settings.ofUser(request.user), context.defaults);
    const page: Page = {
      buttons: [
        [
          privateButton(encodeFormId({ form: IMAGINE_FORM }), '🎨 Imagine', 'Draw something'),
          privateButton(encodeFormId({ form: SETTINGS_FORM }), '✏️ Settings', 'Change your settings'),
        ],
      ],
      sections: [
        { title: 'In the line', entries: placesOf(request, context) },
        { title: 'Your latest pictures', entries: picturesOf(recent, request, context) },
        { title: 'Your settings', entries: settings.map((line) => ({ line })) },
      ],
    };
    return {
      kind: 'private',
      page,
      reply: { state: 'info', lines: linesOf(page), pictures: [], buttons: page.buttons },
    };
  },
};

function placesOf(request: Request, context: CommandContext): PageEntry[] {
  const mine = context.queue.pending().filter((job) => isSameUser(job.owner, request.user));
  if (mine.length === 0) return [{ line: [text('Nothing of yours is waiting.')] }];
  const listed = mine.slice(0, MAX_PLACES).map((job) => placeOf(job, context));
  const hidden = mine.length - listed.length;
  return hidden === 0 ? listed : [...listed, { line: [text(`and ${hidden} more`)] }];
}

function placeOf(job: Job, { queue }: CommandContext): PageEntry {
  const place = queue.position(job.id);
  const prompt = abridge(specOf(job.task).prompt, TITLE_LENGTH);
  const where = place === undefined || place.place === 0 ? 'being drawn' : `number ${place.place}`;
  const when = place?.etaMs === undefined ? '' : `, about ${formatDuration(place.etaMs)}`;
  const id = encodeButtonId({ action: 'cancel', jobId: job.id, index: 0 });
  return {
    line: [text(`${prompt} (${where}${when})`)],
    button: { id, label: 'Cancel', title: `Cancel ${prompt}`, style: 'danger' },
  };
}

function picturesOf(recent: readonly Job[], request: Request, context: CommandContext): PageEntry[] {
  if (recent.length === 0) return [{ line: [text('None yet.')] }];
  return recent.map((job) => {
    const title = titleOf(job, TITLE_LENGTH);
    return {
      line: [text(title)],
      picture: pictureOf(job, request, context),
      button: showButton(job.id, 'Show', `Show ${title}`),
    };
  });
}

function pictureOf(job: Job, request: Request, context: CommandContext): PagePicture {
  return {
    alt: titleOf(job, TITLE_LENGTH),
    ...(job.message !== undefined && { shownIn: job.message }),
    load: async () => {
      try {
        return (await context.showJob(job, request)).pictures[0];
      } catch (error) {
        if (error instanceof EaselError) return undefined;
        throw error;
      }
    },
  };
}

/** The same in words. */
function linesOf({ sections }: Page): RichText[] {
  return sections.flatMap(({ title, entries }) => [[strong(title)], ...entries.map(({ line }) => line)]);
}
