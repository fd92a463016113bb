import { describe, expect, it } from 'vitest';
import { JOB_STATES, type Job, type JobState } from '../../src/core/job.ts';
import { jobIdOf } from '../../src/core/job-id.ts';
import { hasEnded, IllegalTransitionError, transition } from '../../src/core/job-state.ts';
import { CHANNEL, personNamed, taskWith } from '../doubles/samples.ts';

const jobIn = (state: JobState): Job => ({
  ...{ id: 'job1', owner: personNamed('Ada'), channel: CHANNEL, task: taskWith(), state, attempts: 0 },
  ...{ createdAt: 1, updatedAt: 1, pictures: [] },
});

const LEGAL = [
  ['queued', 'running'],
  ['queued', 'rendered'],
  ['running', 'rendered'],
  ['running', 'queued'],
  ['rendered', 'delivered'],
  ...(['queued', 'running', 'rendered'] as const).flatMap((from) => [
    [from, 'failed'] as const,
    [from, 'cancelled'] as const,
  ]),
] as const;

describe('a job’s state', () => {
  it('goes only where it may', () => {
    for (const from of JOB_STATES) {
      for (const to of JOB_STATES) {
        const isLegal = LEGAL.some((pair) => pair[0] === from && pair[1] === to);
        if (isLegal) expect(transition(jobIn(from), to, 7)).toMatchObject({ state: to, updatedAt: 7 });
        else expect(() => transition(jobIn(from), to, 7)).toThrow(IllegalTransitionError);
      }
    }
  });

  it('has ended when it can go nowhere', () => {
    expect(JOB_STATES.filter((state) => hasEnded(jobIn(state)))).toEqual(['delivered', 'failed', 'cancelled']);
  });
});

describe('a job’s id', () => {
  it('is short, the same for the same event, and another on another platform', () => {
    const ids = [jobIdOf('web', '1'), jobIdOf('discord', '1'), jobIdOf('web', '11'), jobIdOf('web', '🖼️'.repeat(999))];
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{19}$/);
    expect(new Set(ids).size).toBe(4);
    expect(jobIdOf('web', '1')).toBe(ids[0]);
  });
});
