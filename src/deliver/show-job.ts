import type { ChannelRef } from '../core/channel.ts';
import type { Job } from '../core/job.ts';
import type { Reply } from '../core/reply.ts';
import type { ChannelPort } from '../platforms/port.ts';
import type { PictureStore } from '../store/port.ts';
import { attachFinished, type Drawing } from './attachments.ts';
import { doneReply } from './render-reply.ts';

export interface ShowJobOptions {
  readonly pictures: PictureStore;
  readonly ports: readonly ChannelPort[];
  readonly drawing: Drawing;
}

/**
 * A finished job as its message shows it, for a place where it may not stand; it answers no other message there.
 * @throws EaselError `pictures_gone` when its files were pruned, `too_large` when the channel takes no form of it
 */
export function createShowJob({ pictures, ports, drawing }: ShowJobOptions) {
  return async (job: Job, channel: ChannelRef): Promise<Reply> => {
    const port = ports.find(({ platform }) => platform === channel.platform);
    const most = port?.maxAttachmentBytes?.(channel) ?? port?.capabilities.maxAttachmentBytes;
    const form = { ...port?.capabilities, maxBytes: most ?? Number.POSITIVE_INFINITY };
    const picture = await attachFinished(job, pictures, drawing, form);
    const { parent: _, ...reply } = doneReply(job, picture);
    return reply;
  };
}
