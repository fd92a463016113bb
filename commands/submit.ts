import type { EngineTask } from '../engine/index.ts';
import type { Job } from '../src/core/job.ts';
import type { ButtonRequest } from '../src/core/request.ts';
import type { DispatchResult } from '../src/platforms/port.ts';
import type { CommandContext } from './context.ts';
import { POSTED } from './replies.ts';

/** Queues what a button asks for: the work of the person who pressed, in their turn. */
export async function submitPressed(
  request: ButtonRequest,
  parent: Job,
  index: number,
  task: EngineTask,
  context: CommandContext,
): Promise<DispatchResult> {
  await context.queue.submit({
    requestId: request.id,
    owner: request.user,
    channel: request.channel,
    task,
    parent: { jobId: parent.id, index },
  });
  return POSTED;
}
