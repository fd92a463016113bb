import type { Progress } from '../../engine/index.ts';
import type { Job } from '../core/job.ts';
import type { ReplyPicture } from '../core/reply.ts';
import type { ChannelPort } from '../platforms/port.ts';
import { attachPreview, type PictureRenderer } from './attachments.ts';
import type { JobMessage, Revision } from './job-message.ts';
import { runningReply } from './render-reply.ts';

/** A job's message and the channel it stands in. */
export interface OpenMessage {
  readonly message: JobMessage;
  readonly port: ChannelPort;
  /** Bytes of the smallest attachment that the channel has refused, whatever it had promised. */
  refusedBytes: number;
}

export interface ProgressMessage {
  show(job: Job, progress: Progress): void;
  /** Lets go of the last preview. */
  forget(jobId: string): void;
}

/** Progress with the last preview that came; a preview is put together only when it is about to be sent. */
export function createProgressMessage(
  renderer: PictureRenderer,
  open: (job: Job) => OpenMessage | undefined,
): ProgressMessage {
  const latest = new Map<string, { readonly step: number; readonly attach: () => Promise<ReplyPicture> }>();
  return {
    show: (job: Job, progress: Progress): void => {
      const opened = open(job);
      if (opened === undefined) return;
      const { capabilities } = opened.port;
      const { previews: shows, minEditIntervalMs } = capabilities;
      const { previews } = progress;
      if (shows && previews !== undefined && previews.length > 0) {
        let attached: Promise<ReplyPicture> | undefined;
        const attach = () => (attached ??= attachPreview(job, previews, renderer, capabilities));
        latest.set(job.id, { step: progress.step, attach });
      }
      const preview = latest.get(job.id);
      const revision: Revision = {
        key: `${job.attempts}/${job.interrupted ?? 'whole'}/${progress.step}/${preview?.step ?? 'none'}`,
        build: async () => runningReply(job, progress, preview === undefined ? [] : [await preview.attach()]),
        spacingMs: minEditIntervalMs,
        isFinal: false,
      };
      opened.message.show(revision);
    },
    forget: (jobId: string): void => {
      latest.delete(jobId);
    },
  };
}
