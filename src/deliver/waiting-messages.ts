import type { Job } from '../core/job.ts';
import type { Log } from '../lib/log.ts';
import type { JobQueue, QueuedJob, QueuePosition } from '../queue/port.ts';
import type { OpenMessage } from './progress-message.ts';
import { describePlace, waitingReply } from './render-reply.ts';

/** What `createWaitingMessages` needs. */
export interface WaitingMessagesOptions {
  readonly queue: Pick<JobQueue, 'snapshot'>;
  readonly log: Log;
  /** Undefined when the job has no message to show. */
  readonly open: (job: Job) => OpenMessage | undefined;
}

/** The messages of jobs that wait, which say where in the queue they stand. */
export interface WaitingMessages {
  /** A job waits. */
  show(job: Job, place: QueuePosition): void;
  /** It waits no more. */
  forget(jobId: string): void;
  /** The queue has changed: soon the messages follow it. */
  follow(): void;
  stop(): void;
}

/** Milliseconds between looks at the queue. */
const INTERVAL_MS = 250;
/** Jobs at the head of the queue that are looked at each time; those behind them when their messages are due. */
const HEAD = 50;

/** Shows nothing until a job waits. */
export function createWaitingMessages({ queue, log, open }: WaitingMessagesOptions): WaitingMessages {
  /** By the ids of the jobs that wait: when their messages may change again, in milliseconds since the epoch. */
  const dueAt = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;

  function show(job: Job, place: QueuePosition): void {
    const opened = open(job);
    if (opened === undefined || place.position === 0) return;
    // The farther back, the rarer: a long queue then costs few edits, and its head is still told at once.
    const spacingMs = opened.port.capabilities.minEditIntervalMs * place.position;
    dueAt.set(job.id, Date.now() + spacingMs);
    const build = async () => waitingReply(job, (await lookUp(job.id))?.place);
    opened.message.show({ key: describePlace(place), build, spacingMs, isFinal: false });
  }

  async function lookUp(jobId: string): Promise<QueuedJob | undefined> {
    const { jobs } = await queue.snapshot({ jobs: [jobId] });
    return jobs[0];
  }

  async function look(): Promise<void> {
    const due = [...dueAt].filter(([, at]) => at <= Date.now()).map(([jobId]) => jobId);
    const looks = [queue.snapshot({ first: HEAD }), queue.snapshot({ jobs: due })];
    for (const { jobs } of await Promise.all(looks)) {
      // Whatever began or ended while the queue was asked has a message that says so.
      for (const { job, place } of jobs) if (dueAt.has(job.id)) show(job, place);
    }
  }

  return {
    show,
    forget: (jobId) => void dueAt.delete(jobId),
    follow: () => {
      if (dueAt.size === 0) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        look().catch((error: unknown) => log.warn({ err: error }, 'the queue positions could not be read'));
      }, INTERVAL_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
