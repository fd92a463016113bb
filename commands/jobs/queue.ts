import { specOf } from '../../engine/index.ts';
import type { ChannelRef } from '../../src/core/channel.ts';
import { formatDuration } from '../../src/core/format.ts';
import { mention, type RichText, strong, text } from '../../src/core/reply.ts';
import type { CommandRequest } from '../../src/core/request.ts';
import { isSameUser } from '../../src/core/user.ts';
import type { Ahead, OthersAhead, QueuedJob, QueuePosition } from '../../src/queue/port.ts';
import type { Command, CommandContext } from '../context.ts';
import { shorten } from '../parsing/limits.ts';
import { privateReply } from '../replies.ts';

/** Twenty lines fit the shortest message of the platforms. */
const MAX_LINES = 20;
const PROMPT_LENGTH = 40;
/** The first of the user's own requests are explained. */
const MAX_EXPLAINED = 3;

export const queue: Command = {
  description: { name: 'queue', description: 'Show the queue and your positions in it', options: [], showsQueue: true },
  async run(request, context) {
    const { running, waiting, jobs } = await context.queue.snapshot({ first: MAX_LINES });
    if (jobs.length === 0) return privateReply([[text('The queue is empty; a new picture starts immediately.')]]);
    const lines = jobs.map((job) => describeJob(job, request));
    const hidden = running + waiting - lines.length;
    const why = await explainWaiting(request, context);
    return privateReply([...lines, ...(hidden === 0 ? [] : [[text(`and ${hidden} more`)]]), ...why]);
  },
};

/** Why the user's next requests have not started, one sentence each. */
async function explainWaiting({ user }: CommandRequest, { queue }: CommandContext): Promise<readonly RichText[]> {
  const mine = await queue.snapshot({ owner: user });
  const next = mine.jobs.filter(({ place }) => place.position > 0).slice(0, MAX_EXPLAINED);
  const explained = await queue.snapshot({ jobs: next.map(({ job }) => job.id), explain: true });
  return explained.jobs.flatMap(({ place, ahead }) =>
    ahead === undefined ? [] : [[text(describeAhead(place.position, ahead))]],
  );
}

function describeAhead(place: number, { own, hadLess, turns, cameFirst, weighted }: Ahead): string {
  const reasons = [
    ...describeCrowd(hadLess, 'who used less than you recently'),
    ...describeCrowd(turns, 'whose turns alternate with yours'),
    ...describeCrowd(cameFirst, 'who asked earlier'),
    ...(own > 0 ? [`${own} of your own`] : []),
  ];
  if (reasons.length === 0) return `Position ${place} starts as soon as there is capacity.`;
  const measure = weighted ? ' (some roles have a higher weight here)' : '';
  return `Ahead of position ${place}: ${reasons.join('; ')}${measure}.`;
}

function describeCrowd({ pictures, people }: OthersAhead, who: string): readonly string[] {
  if (pictures === 0) return [];
  const whose = people === 1 ? '1 other person' : `${people} other people`;
  return [`${pictures === 1 ? '1 picture' : `${pictures} pictures`} of ${whose}, ${who}`];
}

/** Prompts and users of other channels are not shown: a channel may be private. */
function describeJob({ job, place }: QueuedJob, request: CommandRequest): RichText {
  const isMine = isSameUser(job.owner, request.user);
  const when = text(` (${describePlace(place)})`);
  if (!isMine && !isSameChannel(job.channel, request.channel)) return [text('a picture for another channel'), when];
  const who = isMine ? strong('yours') : mention(job.owner);
  return [who, text(`: ${shorten(specOf(job.task).prompt, PROMPT_LENGTH)}`), when];
}

function describePlace(place: QueuePosition): string {
  const where = place.position === 0 ? 'running' : `position ${place.position}`;
  return place.etaMs === undefined ? where : `${where}, about ${formatDuration(place.etaMs)}`;
}

function isSameChannel(a: ChannelRef, b: ChannelRef): boolean {
  return a.platform === b.platform && a.channelId === b.channelId;
}
