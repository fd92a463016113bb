import type { CommandContext } from '../../commands/context.ts';
import { buttons, commands } from '../../commands/index.ts';
import { type EngineDescription, singleRecipe, specOf } from '../../engine/index.ts';
import type { ButtonActionName } from '../../src/core/button.ts';
import type { ChannelRef } from '../../src/core/channel.ts';
import type { Job } from '../../src/core/job.ts';
import type { Span } from '../../src/core/reply.ts';
import type { OptionValue } from '../../src/core/request.ts';
import type { User } from '../../src/core/user.ts';
import type { DispatchResult } from '../../src/platforms/port.ts';
import { createMemoryQueue } from '../doubles/memory-queue.ts';
import { ORDINARY } from '../doubles/tasks.ts';

export const ada: User = { platform: 'web', id: 'ada', name: 'Ada' };
export const ben: User = { platform: 'web', id: 'ben', name: 'Ben' };
export const lobby: ChannelRef = { platform: 'web', channelId: 'lobby' };

export const engine: EngineDescription = {
  defaultModel: 'sketch',
  provider: 'cpu',
  slots: 1,
  loras: [],
  embeddings: [],
  refused: [],
  models: [
    { id: 'sketch', title: 'Sketch', width: 128, height: 128, steps: 20, guidance: 4, sampler: 'dpmpp_2m' },
    {
      id: 'sd-v1-4',
      title: 'Stable Diffusion 1.4',
      width: 512,
      height: 512,
      steps: 50,
      guidance: 7.5,
      sampler: 'pndm',
    },
  ],
};

/** A channel with people, without a platform: what they say and press reaches the commands, and jobs are kept. */
export function createScene() {
  const queue = createMemoryQueue();
  let events = 0;
  let seeds = 1000;
  const context: CommandContext = {
    engine,
    defaults: { count: 4, negative: '' },
    queue,
    findJob: async (jobId) => queue.jobs.get(jobId),
    deleteJob: async (job) => queue.put({ ...job, deleted: true }),
    takePicture: async (source) => {
      if (typeof source !== 'string') await source.fetch(1e6);
      return { name: typeof source === 'string' ? source : source.name, width: 640, height: 320 };
    },
    randomSeed: () => seeds++,
  };
  const nextEvent = () => `event-${++events}`;

  async function say(
    user: User,
    command: string,
    text = '',
    options: Readonly<Record<string, OptionValue>> = {},
    channel = lobby,
  ): Promise<DispatchResult> {
    const found = commands.find((candidate) => candidate.description.name === command);
    if (found === undefined) throw new Error(`no command ${command}`);
    return found.run({ kind: 'command', id: nextEvent(), user, channel, ...ORDINARY, command, options, text }, context);
  }

  async function press(user: User, action: ButtonActionName, job: Job, index = 0): Promise<DispatchResult> {
    const message = { channel: lobby, messageId: 'm1' };
    const place = { user, channel: lobby, ...ORDINARY };
    const request = { kind: 'button', id: nextEvent(), ...place, buttonId: 'unused', message, pictures: [] } as const;
    return buttons[action].run(request, queue.jobs.get(job.id) ?? job, index, context);
  }

  /** Says /imagine and returns the job that stands in the queue. */
  async function imagine(user: User, text: string, options: Readonly<Record<string, OptionValue>> = {}): Promise<Job> {
    await say(user, 'imagine', text, options);
    return queue.last();
  }

  /** As if the engine had finished it and the channel showed it. */
  function finish(job: Job): Job {
    const { task } = job;
    const { width, height, count } = specOf(task);
    const pictures =
      task.kind === 'generate'
        ? Array.from({ length: count }, (_, index) => ({ recipe: singleRecipe(task.spec, index), width, height }))
        : [{ recipe: task, width: width * sideRatio(job), height: height * sideRatio(job) }];
    const finished: Job = { ...job, state: 'delivered', pictures };
    queue.put(finished);
    return finished;
  }

  return { context, queue, say, press, imagine, finish };
}

function sideRatio(job: Job): number {
  let ratio = 1;
  for (let recipe = job.task; recipe.kind === 'upscale'; recipe = recipe.source) ratio *= recipe.factor;
  return ratio;
}

/** A private answer as plain lines; mentions as @name. */
export function readLines(result: DispatchResult): string[] {
  if (result.kind !== 'private') throw new Error('the answer is in the channel');
  return result.reply.lines.map((line) => line.map(readSpan).join(''));
}

function readSpan(span: Span): string {
  return span.kind === 'user' ? `@${span.user.name}` : span.text;
}
