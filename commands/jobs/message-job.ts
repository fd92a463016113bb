import { decodeButtonId } from '../../src/core/button.ts';
import type { Job } from '../../src/core/job.ts';
import type { MessageActionRequest } from '../../src/core/request.ts';
import type { CommandContext } from '../context.ts';

/** The job that the buttons on a message belong to, for as long as it is kept. */
export async function jobOfMessage(request: MessageActionRequest, context: CommandContext): Promise<Job | undefined> {
  for (const id of request.buttonIds) {
    const button = decodeButtonId(id);
    const job = button === undefined ? undefined : await context.findJob(button.jobId);
    if (job !== undefined && job.channel.platform === request.channel.platform) return job;
  }
  return undefined;
}
