import { EaselError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { jobIdOf } from '../core/job-id.ts';
import type { Reply } from '../core/reply.ts';
import type { Request } from '../core/request.ts';
import type { ChannelPort } from '../platforms/port.ts';
import type { PictureStore } from '../store/port.ts';
import { attachFinished, type PictureRenderer } from './attachments.ts';
import { doneReply } from './render-reply.ts';

/** What `createShowJob` needs. */
export interface ShowJobOptions {
  readonly pictures: PictureStore;
  readonly ports: readonly ChannelPort[];
  readonly renderer: PictureRenderer;
}

/**
 * A finished job as its message shows it, in answer to a request from a place where it may not stand; it answers no
 * other message there. Where its files were pruned, it is what can be done with its recipe.
 * @throws EaselError `too_large` when the channel takes no form of it
 */
export function createShowJob({ pictures, ports, renderer }: ShowJobOptions) {
  return async (job: Job, { id, channel }: Pick<Request, 'id' | 'channel'>): Promise<Reply> => {
    const nonce = jobIdOf(channel.platform, id);
    const port = ports.find(({ platform }) => platform === channel.platform);
    const most = port?.maxAttachmentBytes?.(channel, nonce) ?? port?.capabilities.maxAttachmentBytes;
    const form = { ...port?.capabilities, maxBytes: most ?? Number.POSITIVE_INFINITY };
    const picture = await attachFinished(job, pictures, renderer, form).catch(unlessGone);
    const { parent: _, ...reply } = doneReply(job, picture);
    return reply;
  };
}

function unlessGone(error: unknown): undefined {
  if (error instanceof EaselError && error.code === 'pictures_gone') return undefined;
  throw error;
}
