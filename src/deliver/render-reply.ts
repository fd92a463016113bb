import { type GenerationSpec, type Progress, specOf } from '../../engine/index.ts';
import { formatDuration, formatOrdinal } from '../core/format.ts';
import type { Job } from '../core/job.ts';
import { shortcutsOf } from '../core/optional-fields.ts';
import {
  mention,
  type Reply,
  type ReplyPicture,
  type RichText,
  type Span,
  sentence,
  strong,
  text,
} from '../core/reply.ts';
import { truncate } from '../core/truncate.ts';
import type { QueuePosition } from '../queue/port.ts';
import { doneButtons, endedButtons, pendingButtons } from './buttons.ts';

/** A longer prompt is cut in the message, at a whole character; the picture's own `parameters` text has all of it. */
const MAX_PROMPT_SHOWN = 1000;
const MAX_NOTE_SHOWN = 300;

const GONE = 'The picture files were deleted; the recipe is kept. ✏️ draws the same pictures again, 🔄 draws new ones.';

/** @param place undefined when the job does not wait any more */
export function waitingReply(job: Job, place: QueuePosition | undefined): Reply {
  return {
    state: 'waiting',
    lines: [titleOf(job, describePlace(place))],
    pictures: [],
    buttons: pendingButtons(job),
    ...parentOf(job),
  };
}

/** @param previews encoded; none where the platform shows none */
export function runningReply(job: Job, progress: Progress, previews: readonly ReplyPicture[]): Reply {
  const share = progress.steps > 0 ? Math.min(1, progress.step / progress.steps) : 0;
  return {
    state: 'running',
    lines: [titleOf(job, describeProgress(job, progress, share)), ...describeInterruption(job)],
    progress: share,
    pictures: previews,
    buttons: pendingButtons(job),
    ...parentOf(job),
  };
}

/** @param trouble what it waits for, in a sentence */
export function heldReply(job: Job, trouble: string): Reply {
  return {
    state: 'running',
    lines: [titleOf(job, 'paused'), sentence(trouble)],
    pictures: [],
    buttons: pendingButtons(job),
    ...parentOf(job),
  };
}

/** @param picture the single picture, or the grid of all; undefined when only the recipe is left */
export function doneReply(job: Job, picture: ReplyPicture | undefined): Reply {
  return {
    state: 'done',
    lines: [
      titleOf(job),
      [text(describeSettings(job))],
      ...(job.repeatOf === undefined ? [] : [[text('This picture was made before; it is shown again.')]]),
      ...(job.notes ?? []).map(describeNote),
      ...(picture === undefined ? [[text(GONE)]] : []),
    ],
    pictures: picture === undefined ? [] : [picture],
    buttons: doneButtons(job),
    ...parentOf(job),
  };
}

/** The reason, and a button to try again where that may help. */
export function failedReply(job: Job): Reply {
  const failure = job.failure ?? { code: 'internal', userMessage: 'The job failed for an unknown reason.' };
  // What the engine refused it will refuse again; anything else may have been bad luck, or be put right by then.
  const worthRetrying = failure.code !== 'bad_request';
  return {
    state: 'failed',
    lines: [titleOf(job, 'failed'), sentence(failure.userMessage)],
    pictures: [],
    buttons: worthRetrying ? endedButtons(job) : [],
    ...parentOf(job),
  };
}

/** A job that its owner cancelled. */
export function cancelledReply(job: Job): Reply {
  return {
    state: 'cancelled',
    lines: [titleOf(job, 'cancelled')],
    pictures: [],
    buttons: endedButtons(job),
    ...parentOf(job),
  };
}

/** What the waiting message says of its place; it is edited when this changes. */
export function describePlace(place: QueuePosition | undefined): string {
  if (place === undefined) return 'waiting';
  if (place.position === 0) return 'starting';
  const eta = place.etaMs === undefined ? '' : `, ~${formatDuration(place.etaMs)}`;
  return `waiting, ${formatOrdinal(place.position)} in the queue${eta}`;
}

function describeProgress(job: Job, progress: Progress, share: number): string {
  if (progress.step > 0) return `${Math.round(share * 100)}%`;
  return job.attempts > 1 ? 'restarting' : 'starting';
}

const INTERRUPTIONS: Readonly<Record<NonNullable<Job['interrupted']>, string>> = {
  hung: 'The engine stopped answering and was restarted; this picture is drawn again.',
  ended: 'The engine ended unexpectedly and was restarted; this picture is drawn again.',
  lost: 'What drew this picture stopped unexpectedly; it is drawn again.',
};

function describeInterruption({ interrupted }: Job): readonly RichText[] {
  return interrupted === undefined ? [] : [sentence(INTERRUPTIONS[interrupted])];
}

/** In its own channel alone: platforms link to nothing elsewhere. */
function parentOf({ channel, parentMessage }: Job): Pick<Reply, 'parent'> {
  const at = parentMessage?.channel;
  const isHere = at?.channelId === channel.channelId && at.threadId === channel.threadId;
  return parentMessage !== undefined && isHere ? { parent: parentMessage } : {};
}

function describeNote(note: string): RichText {
  return [text(`⚠ ${truncate(note, MAX_NOTE_SHOWN)}`)];
}

function titleOf(job: Job, status?: string): RichText {
  const { prompt } = specOf(job.task);
  const line: Span[] = [strong(truncate(prompt, MAX_PROMPT_SHOWN)), text(' – '), mention(job.owner)];
  const origin = describeOrigin(job);
  if (origin !== undefined) line.push(text(` · ${origin}`));
  if (status !== undefined) line.push(text(` (${status})`));
  return line;
}

function describeOrigin(job: Job): string | undefined {
  if (job.task.kind === 'upscale') return `${job.task.strength === 0 ? 'enlarged' : 'upscaled'} ×${job.task.factor}`;
  if (job.task.spec.variations.length > 0) return 'variation';
  return job.task.spec.init === undefined ? undefined : 'from an init image';
}

function describeSettings(job: Job): string {
  const spec = specOf(job.task);
  const [first] = job.pictures;
  const { width, height } = first ?? spec;
  const settings = [
    `seed ${describeSeeds(job, spec)}`,
    `${width}×${height}`,
    `${spec.steps} ${spec.steps === 1 ? 'step' : 'steps'}`,
    `guidance ${spec.guidance}`,
    spec.sampler,
    ...shortcutsOf(spec),
  ];
  return settings.join(' · ');
}

function describeSeeds(job: Job, spec: GenerationSpec): string {
  const variation = spec.variations.at(-1);
  if (variation !== undefined) return `${spec.seed}, varied with ${variation.seed} at ${variation.strength}`;
  if (job.pictures.length < 2) return `${spec.seed}`;
  const last = job.pictures.at(-1);
  return last === undefined ? `${spec.seed}` : `${spec.seed} to ${specOf(last.recipe).seed}`;
}
