import { specOf } from '../engine/index.ts';
import type { ChannelRef } from '../src/core/channel.ts';
import type { Job } from '../src/core/job.ts';
import { mention, type RichText, strong, text } from '../src/core/reply.ts';
import type { CommandRequest } from '../src/core/request.ts';
import { isSameUser } from '../src/core/user.ts';
import type { QueuePlace } from '../src/queue/port.ts';
import type { Command, CommandContext } from './context.ts';
import { abridge } from './limits.ts';
import { privately } from './replies.ts';

/** Twenty lines fit the shortest message of the platforms. */
const MAX_LINES = 20;
const PROMPT_LENGTH = 40;

export const queue: Command = {
  description: { name: 'queue', description: 'What is being made, and your places', options: [] },
  async run(request, context) {
    const jobs = context.queue.pending();
    if (jobs.length === 0) return privately([[text('Nothing is waiting: a picture begins at once.')]]);
    const lines = jobs.slice(0, MAX_LINES).map((job) => describeJob(job, request, context));
    const hidden = jobs.length - lines.length;
    return privately(hidden === 0 ? lines : [...lines, [text(`and ${hidden} more`)]]);
  },
};

/** Prompts and people of other channels stay there: a channel may be private. */
function describeJob(job: Job, request: CommandRequest, context: CommandContext): RichText {
  const place = context.queue.position(job.id);
  const isMine = isSameUser(job.owner, request.user);
  const when = text(` (${describePlace(place)})`);
  if (!isMine && !isSameChannel(job.channel, request.channel)) return [text('a picture for another channel'), when];
  const who = isMine ? strong('yours') : mention(job.owner);
  return [who, text(`: ${abridge(specOf(job.task).prompt, PROMPT_LENGTH)}`), when];
}

function describePlace(place: QueuePlace | undefined): string {
  if (place === undefined) return 'ending';
  const where = place.place === 0 ? 'running' : `number ${place.place}`;
  return place.etaMs === undefined ? where : `${where}, about ${describeDuration(place.etaMs)}`;
}

function describeDuration(durationMs: number): string {
  const seconds = Math.max(1, Math.round(durationMs / 1000));
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function isSameChannel(a: ChannelRef, b: ChannelRef): boolean {
  return a.platform === b.platform && a.channelId === b.channelId;
}
