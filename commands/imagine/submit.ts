import type { EngineTask, GenerationSpec } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import { text } from '../../src/core/reply.ts';
import type { Request } from '../../src/core/request.ts';
import type { ChannelSettings } from '../../src/core/settings.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import type { CommandContext } from '../context.ts';
import { POSTED, privateReply } from '../replies.ts';
import { assertAllowed } from './channel-rules.ts';
import type { ResolvedRequest } from './resolve-request.ts';

const SAME = 'You already requested exactly this here, and it is not finished yet; the first message will show it.';

/** Where a request comes from, and what its message says beside its pictures. */
export type JobOrigin = Pick<Job, 'parent' | 'parentMessage' | 'spoiler' | 'notes'>;

/**
 * Queues what is asked for, under the channel's rules: the work of the person who asked, in their turn. The one way by
 * which pictures are asked for.
 * @param rules the channel's settings
 * @throws BadInputError naming the rule that it breaks, EngineError when it can never be drawn
 */
export async function submit(
  request: Request,
  task: EngineTask,
  origin: JobOrigin,
  rules: ChannelSettings,
  context: CommandContext,
): Promise<DispatchResult> {
  assertAllowed(task, rules, context.engine);
  const isForAdults = rules.nsfw === true && request.isAgeRestricted;
  const judged = withSpec(task, (spec) => withSafety(spec, isForAdults));
  await context.checkTask(judged);
  const { id: requestId, user: owner, roles, channel } = request;
  const { spoiler = rules.spoiler ?? false, ...from } = origin;
  const { isSame } = await context.queue.submit({
    ...from,
    ...{ requestId, owner, channel, ...(roles !== undefined && { roles }) },
    ...(request.kind === 'button' && { pressed: request.buttonId }),
    task: judged,
    ...(spoiler && { spoiler }),
  });
  return isSame === true ? privateReply([[text(SAME)]]) : POSTED;
}

/** Queues what `resolveRequest` made of a prompt. */
export function submitResolved(
  request: Request,
  { spec, spoiler, rules, notes }: ResolvedRequest,
  origin: JobOrigin,
  context: CommandContext,
): Promise<DispatchResult> {
  const all = [...(origin.notes ?? []), ...notes];
  const shown = { ...origin, ...(spoiler !== undefined && { spoiler }), ...(all.length > 0 && { notes: all }) };
  return submit(request, { kind: 'generate', spec }, shown, rules, context);
}

/** As the work of whoever pressed the button, answering the picture's message. */
export async function submitPressed(
  request: Request,
  parent: Job,
  index: number,
  task: EngineTask,
  context: CommandContext,
): Promise<DispatchResult> {
  const rules = await context.settings.ofChannel(request.channel);
  return submit(request, task, originOf(parent, index), rules, context);
}

/** What is made of a picture answers its message, and stays hidden where the picture was. */
export function originOf(parent: Job, index: number): JobOrigin {
  return {
    parent: { jobId: parent.id, index },
    ...(parent.message !== undefined && { parentMessage: parent.message }),
    ...(parent.spoiler === true && { spoiler: true }),
  };
}

/** The safety checker runs unless the channel allows adult pictures; the recipe's own value is ignored. */
function withSafety({ safety: _, ...spec }: GenerationSpec, isForAdults: boolean): GenerationSpec {
  return isForAdults ? { ...spec, safety: false } : spec;
}

function withSpec(task: EngineTask, change: (spec: GenerationSpec) => GenerationSpec): EngineTask {
  if (task.kind === 'generate') return { kind: 'generate', spec: change(task.spec) };
  return { ...task, source: withSpec(task.source, change) };
}
