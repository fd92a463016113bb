import { specOf } from '../../engine/index.ts';
import { encodeButtonId } from '../../src/core/button.ts';
import { EaselError } from '../../src/core/errors.ts';
import { encodeFormId } from '../../src/core/form.ts';
import { formatDuration } from '../../src/core/format.ts';
import { HOME_SHORTCUT, type HomeEntry, type HomePage, type HomePicture } from '../../src/core/home-page.ts';
import type { Job } from '../../src/core/job.ts';
import { type RichText, strong, text } from '../../src/core/reply.ts';
import type { Request } from '../../src/core/request.ts';
import type { QueuedJob } from '../../src/queue/port.ts';
import type { CommandContext, Shortcut } from '../context.ts';
import { IMAGINE_FORM } from '../imagine/imagine-options.ts';
import { latestJobs, titleOf } from '../jobs/own-jobs.ts';
import { showButton } from '../jobs/show.ts';
import { shorten } from '../parsing/limits.ts';
import { privateButton } from '../replies.ts';
import { SETTINGS_FORM } from '../settings/settings.ts';
import { describeUserSettings } from '../settings/settings-lines.ts';

const RECENT = 6;
/** How many requests in the queue are listed. */
const MAX_PLACES = 10;
const TITLE_LENGTH = 80;

/** A user's page: their queue positions, latest pictures and settings. */
export const homeShortcut: Shortcut = {
  shortcut: HOME_SHORTCUT,
  async run(request, context) {
    const recent = await latestJobs(request, 'made', RECENT, context);
    const settings = describeUserSettings(await context.settings.ofUser(request.user), context.defaults);
    const page: HomePage = {
      buttons: [
        [
          privateButton(encodeFormId({ form: IMAGINE_FORM }), '🎨 Imagine', 'Open the form for a new picture'),
          privateButton(encodeFormId({ form: SETTINGS_FORM }), '✏️ Settings', 'Change your settings'),
        ],
      ],
      sections: [
        { title: 'In the queue', entries: await placesOf(request, context) },
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

async function placesOf(request: Request, { queue }: CommandContext): Promise<HomeEntry[]> {
  const { jobs: mine } = await queue.snapshot({ owner: request.user });
  if (mine.length === 0) return [{ line: [text('You have no pictures in the queue.')] }];
  const listed = mine.slice(0, MAX_PLACES).map(placeOf);
  const hidden = mine.length - listed.length;
  return hidden === 0 ? listed : [...listed, { line: [text(`and ${hidden} more`)] }];
}

function placeOf({ job, place }: QueuedJob): HomeEntry {
  const prompt = shorten(specOf(job.task).prompt, TITLE_LENGTH);
  const where = place.position === 0 ? 'being drawn' : `position ${place.position}`;
  const when = place.etaMs === undefined ? '' : `, about ${formatDuration(place.etaMs)}`;
  const id = encodeButtonId({ action: 'cancel', jobId: job.id, index: 0 });
  return {
    line: [text(`${prompt} (${where}${when})`)],
    button: { id, label: 'Cancel', title: `Cancel ${prompt}`, style: 'danger' },
  };
}

function picturesOf(recent: readonly Job[], request: Request, context: CommandContext): HomeEntry[] {
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

function pictureOf(job: Job, request: Request, context: CommandContext): HomePicture {
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

/** The page as plain lines. */
function linesOf({ sections }: HomePage): RichText[] {
  return sections.flatMap(({ title, entries }) => [[strong(title)], ...entries.map(({ line }) => line)]);
}
