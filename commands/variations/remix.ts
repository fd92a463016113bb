import type { GenerationSpec } from '../../engine/index.ts';
import { MAX_SEED, specOf } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { encodeFormId, type Form } from '../../src/core/form.ts';
import type { Job } from '../../src/core/job.ts';
import type { Request } from '../../src/core/request.ts';
import type { ButtonHandler, CommandContext, FormHandler } from '../context.ts';
import { formatFlags, formatPrompt } from '../imagine/format-prompt.ts';
import { parseImagine } from '../imagine/imagine-input.ts';
import { type LoadPicture, resolveRequest } from '../imagine/resolve-request.ts';
import { originOf, submitResolved } from '../imagine/submit.ts';
import { findPicture, gridSpec, refuseDeleted } from '../jobs/job-pictures.ts';

const REMIX_FORM = 'remix';
/** Slack's limit for one field. */
const MAX_FIELD_LENGTH = 3000;
const MAX_SEED_LENGTH = String(MAX_SEED).length;

/**
 * ✏️: the prompt and its options to be changed. What is not changed stays, the seed too, so that a grid comes back with
 * each picture's composition and a picture alone with its own.
 */
export const remixPressed: ButtonHandler = {
  async run(_request, job, index, context) {
    refuseDeleted(job);
    return { kind: 'form', form: formOf(job, index, await remixSpec(job, index, context)) };
  },
};

/** A picture's prompt and options, to be changed and drawn again. */
export const remixForm: FormHandler = {
  form: REMIX_FORM,
  async open(request, picture, context) {
    const { job, index } = await findSubject(request, picture, context);
    return { kind: 'form', form: formOf(job, index, await remixSpec(job, index, context)) };
  },
  async run(request, picture, context) {
    const { job, index } = await findSubject(request, picture, context);
    const base = await remixSpec(job, index, context);
    const { prompt = '', negative = '', size = '', seed = '', options = '' } = request.values;
    const filled = Object.entries({ size, seed }).filter(([, value]) => value.trim() !== '');
    const given = { text: options, options: { prompt, negative, ...Object.fromEntries(filled) } };
    const input = parseImagine(given, context);
    const channel = await context.settings.ofChannel(request.channel);
    const load: LoadPicture = (source) => context.loadPicture(source, request.user);
    const resolved = await resolveRequest(input, [], { ...context, channel, base }, load);
    return submitResolved(request, resolved, originOf(job, index), context);
  },
};

/** @throws BadInputError when the picture is gone, or another platform's */
async function findSubject(
  request: Request,
  picture: { readonly jobId: string; readonly index: number } | undefined,
  context: CommandContext,
): Promise<{ readonly job: Job; readonly index: number }> {
  const job = picture === undefined ? undefined : await context.findJob(picture.jobId);
  if (picture === undefined || job?.channel.platform !== request.channel.platform) {
    throw new BadInputError('unknown_job', 'That picture is no longer kept here; use `/imagine` to make a new one.');
  }
  refuseDeleted(job);
  return { job, index: picture.index };
}

/** A grid is made again as a whole; an enlargement at the size before enlarging. */
async function remixSpec(job: Job, index: number, context: CommandContext): Promise<GenerationSpec> {
  if (job.pictures.length === 1) return specOf(findPicture(job, index).recipe);
  return gridSpec(job, context);
}

/** @throws BadInputError when its words do not fit a form */
function formOf(job: Job, index: number, spec: GenerationSpec): Form {
  const prompt = formatPrompt(spec.prompt);
  if (prompt.length > MAX_FIELD_LENGTH || spec.negative.length > MAX_FIELD_LENGTH) {
    throw new BadInputError('too_long', 'That prompt is too long for a form; use `/imagine` with a new one.');
  }
  return {
    id: encodeFormId({ form: REMIX_FORM, picture: { jobId: job.id, index } }),
    title: 'Remix',
    submitLabel: 'Draw',
    fields: [
      {
        name: 'prompt',
        label: 'Prompt',
        kind: 'paragraph',
        value: prompt,
        required: true,
        maxLength: MAX_FIELD_LENGTH,
      },
      {
        name: 'negative',
        label: 'Negative prompt',
        kind: 'paragraph',
        value: spec.negative,
        required: false,
        maxLength: MAX_FIELD_LENGTH,
        placeholder: 'text, frame',
      },
      {
        name: 'size',
        label: 'Size in pixels',
        kind: 'line',
        value: `${spec.width}x${spec.height}`,
        required: false,
        maxLength: 16,
      },
      {
        name: 'seed',
        label: 'Seed (keeps the composition)',
        kind: 'line',
        value: `${spec.seed}`,
        required: false,
        maxLength: MAX_SEED_LENGTH,
      },
      {
        name: 'options',
        label: 'More options',
        kind: 'paragraph',
        value: formatFlags(spec),
        required: false,
        maxLength: MAX_FIELD_LENGTH,
      },
    ],
  };
}
