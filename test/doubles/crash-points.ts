import type { Engine, Progress } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import type { ChannelPort } from '../../src/platforms/port.ts';
import type { JobStore, PictureStore, Store } from '../../src/store/port.ts';

/** Told of every place that a process passes, by name, just before it goes on. */
export type Pass = (point: string) => void;

/** What a change of a job is called: `queued → running`, `message noted`. */
function nameOf(before: Job | undefined, after: Job): string {
  if (before === undefined) return 'accepted';
  if (before.state !== after.state) return `${before.state} → ${after.state}`;
  if (before.deleting !== after.deleting) return after.deleting === true ? 'deleting' : 'deleted';
  if (before.message === undefined && after.message !== undefined) return 'message noted';
  if (before.announced !== after.announced) return 'end announced';
  return 'changed otherwise';
}

/** A store that passes a point before and after each write. @param onMoved a job's new state is on disk */
export function watchStore(store: Store, pass: Pass, onMoved: (job: Job) => void): Store {
  async function around<Result>(point: string, work: () => Promise<Result>): Promise<Result> {
    pass(`before ${point}`);
    const result = await work();
    pass(`after ${point}`);
    return result;
  }

  const jobs: JobStore = {
    ...store.jobs,
    put: (job) => around(nameOf(undefined, job), () => store.jobs.put(job)),
    update: async (jobId, change) => {
      let point = 'nothing';
      const result = await store.jobs.update(jobId, (job) => {
        const after = change(job);
        if (after !== job) {
          point = nameOf(job, after);
          pass(`before ${point}`);
        }
        return after;
      });
      if (result !== undefined && point.includes('→')) onMoved(result);
      if (point !== 'nothing') pass(`after ${point}`);
      return result;
    },
  };
  const pictures: PictureStore = {
    ...store.pictures,
    put: (jobId, drawn) => around('pictures written', () => store.pictures.put(jobId, drawn)),
    delete: (jobId) => around('pictures removed', () => store.pictures.delete(jobId)),
  };
  return { ...store, jobs, pictures };
}

/** A channel that passes a point before and after each call. */
export function watchChannel(port: ChannelPort, pass: Pass): ChannelPort {
  async function around<Result>(point: string, work: () => Promise<Result>): Promise<Result> {
    pass(`before ${point}`);
    const result = await work();
    pass(`after ${point}`);
    return result;
  }
  return {
    ...port,
    post: (channel, reply, nonce) => around(`${reply.state} posted`, () => port.post(channel, reply, nonce)),
    edit: (message, reply) => around(`${reply.state} shown`, () => port.edit(message, reply)),
    delete: (message) => around('message deleted', () => port.delete(message)),
  };
}

/** An engine that passes a point in each phase. */
export function watchEngine(engine: Engine, pass: Pass, onBegun: (prompt: string) => void): Engine {
  return {
    describe: () => engine.describe(),
    check: (task) => engine.check(task),
    load: (...args) => engine.load(...args),
    close: () => engine.close(),
    run: async (task, options = {}) => {
      if (task.kind === 'generate') onBegun(task.spec.prompt);
      pass('engine asked');
      const onProgress = (progress: Progress) => {
        const { phase, step } = progress;
        pass(phase === 'denoising' && step > 0 ? 'engine between two steps' : `engine ${phase}`);
        options.onProgress?.(progress);
      };
      const result = await engine.run(task, { ...options, onProgress });
      pass('engine answered');
      return result;
    },
  };
}
