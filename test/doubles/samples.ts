import type { EngineTask, GenerationSpec } from '../../engine/index.ts';
import type { ChannelRef } from '../../src/core/channel.ts';
import type { Job } from '../../src/core/job.ts';
import type { User } from '../../src/core/user.ts';
import type { JobDraft } from '../../src/queue/port.ts';

const SPEC: GenerationSpec = {
  prompt: 'a red circle on a blue background',
  negative: '',
  width: 64,
  height: 64,
  steps: 4,
  guidance: 1,
  sampler: 'ddim',
  model: 'sketch',
  seed: 1,
  count: 1,
  variations: [],
};

export const specWith = (changes: Partial<GenerationSpec> = {}): GenerationSpec => ({ ...SPEC, ...changes });

export const taskWith = (changes: Partial<GenerationSpec> = {}): EngineTask => ({
  kind: 'generate',
  spec: specWith(changes),
});

export const CHANNEL: ChannelRef = { platform: 'web', channelId: 'easel' };

export const personNamed = (name: string): User => ({ platform: 'web', id: name.toLowerCase(), name });

/** `A1` is the request of person A. */
export function draftOf(requestId: string, changes: Partial<GenerationSpec> = {}): JobDraft {
  const task = taskWith({ prompt: requestId, ...changes });
  return { requestId, owner: personNamed(requestId.slice(0, 1)), channel: CHANNEL, task };
}

export const jobNamed = (id: string, changes: Partial<Job> = {}): Job => ({
  ...{ id, owner: personNamed('Ada'), channel: CHANNEL, task: taskWith(), state: 'queued', attempts: 0 },
  ...{ createdAt: 1, updatedAt: 1, pictures: [] },
  ...changes,
});

/** What makes a job one that can be shown. */
export const SHOWN: Partial<Job> = {
  state: 'delivered',
  pictures: [{ recipe: taskWith(), width: 64, height: 64 }],
};

/** What a platform says of a person without rights in an ordinary channel. */
export const ORDINARY = { isModerator: false, isAgeRestricted: false } as const;
