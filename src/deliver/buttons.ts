import { SPEC_LIMITS } from '../../engine/index.ts';
import { type ButtonActionName, encodeButtonId } from '../core/button.ts';
import type { Job } from '../core/job.ts';
import { upscaledSize } from '../core/picture-size.ts';
import type { Reply, ReplyButton } from '../core/reply.ts';

type Rows = Reply['buttons'];

/** Below a job that waits or runs. */
export function pendingButtons(job: Job): Rows {
  return [[button(job, 'cancel', '❌', 'Cancel this request', 0, 'danger')]];
}

/** What did not come to an end may be asked for again, as it was or changed. */
export function endedButtons(job: Job): Rows {
  return [[rerollButton(job), remixButton(job)]];
}

/** Below finished pictures: a grid's, or a single picture's. */
export function doneButtons(job: Job): Rows {
  return job.pictures.length === 1 ? singleButtons(job) : gridButtons(job);
}

function gridButtons(job: Job): Rows {
  const upscale: ReplyButton[] = [];
  const vary: ReplyButton[] = [];
  for (const index of job.pictures.keys()) {
    upscale.push(button(job, 'upscale', `U${index + 1}`, `Upscale picture ${index + 1}`, index));
    vary.push(button(job, 'vary', `V${index + 1}`, `Vary picture ${index + 1}`, index));
  }
  return [
    [...upscale, rerollButton(job)],
    [...vary, deleteButton(job)],
    [remixButton(job), starButton(job), recipeButton(job)],
  ];
}

const UPSCALES = [
  { factor: 1.5, action: 'upscale_1_5' },
  { factor: 2, action: 'upscale' },
  { factor: 4, action: 'upscale_4' },
] as const;

/** Enlargements beyond the largest size are not offered. */
function singleButtons(job: Job): Rows {
  const [picture = { width: 0, height: 0 }] = job.pictures;
  const fitting = UPSCALES.filter(({ factor }) => {
    const { width, height } = upscaledSize(picture, factor);
    return Math.max(width, height) <= SPEC_LIMITS.maxUpscaledSide;
  });
  const upscale = fitting.map(({ factor, action }, place) => {
    const label = place === 0 ? `Upscale ×${factor}` : `×${factor}`;
    return button(job, action, label, `Make this picture ${factor} times as large, with more detail`);
  });
  return [
    [...upscale, rerollButton(job), remixButton(job)],
    [
      button(job, 'vary_subtle', 'Vary a little', 'Make pictures that are very similar to this one'),
      button(job, 'vary_strong', 'Vary a lot', 'Make pictures that share the idea of this one'),
      starButton(job),
      recipeButton(job),
      deleteButton(job),
    ],
    ...(fitting.some(({ factor }) => factor === 2)
      ? [[button(job, 'enlarge', 'Enlarge ×2', 'Make this picture 2 times as large without redrawing it')]]
      : []),
  ];
}

const rerollButton = (job: Job) => button(job, 'reroll', '🔄', 'Draw the same prompt again with a new seed');
const remixButton = (job: Job) => button(job, 'remix', '✏️', 'Change the prompt or an option and keep the rest');
const starButton = (job: Job) => button(job, 'star', '⭐', 'Star and keep this; /show starred shows it again');
const recipeButton = (job: Job) => button(job, 'recipe', '📄', 'Show how this was made');
const deleteButton = (job: Job) => button(job, 'delete', '🗑', 'Delete this message and its pictures', 0, 'danger');

function button(
  job: Job,
  action: ButtonActionName,
  label: string,
  title: string,
  index = 0,
  style: ReplyButton['style'] = 'normal',
): ReplyButton {
  return { id: encodeButtonId({ action, jobId: job.id, index }), label, title, style };
}
