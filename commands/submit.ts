import type { EngineTask } from '../engine/index.ts';
import type { Job } from '../src/core/job.ts';
import type { ButtonRequest, Request } from '../src/core/request.ts';
import type { DispatchResult } from '../src/platforms/port.ts';
import type { JobDraft } from '../src/queue/port.ts';
import type { CommandContext } from './context.ts';
import { POSTED } from './replies.ts';

/** Who asks, where, and with which event: what every draft says of its request. */
export function askedBy(request: Request): Pick<JobDraft, 'requestId' | 'owner' | 'roles' | 'channel'> {
  const { id: requestId, user: owner, roles, channel } = request;
  return { requestId, owner, channel, ...(roles !== undefined && { roles }) };
}

/** Queues what a button asks for: the work of the person who pressed, in their turn. */
export async function submitPressed(
  request: ButtonRequest,
  parent: Job,
  index: number,
  task: EngineTask,
  context: CommandContext,
): Promise<DispatchResult> {
  await context.queue.submit({
    ...askedBy(request),
    task,
    parent: { jobId: parent.id, index },
  });
  return POSTED;
}
