import { expect, it } from 'vitest';
import { parseRoleWeights } from '../../../src/core/role-weights.ts';
import { draftOf } from '../../doubles/tasks.ts';
import type { QueueStage } from './stage.ts';

/** Whose turn it is. */
export function testTurns(stage: QueueStage): void {
  it('lets people take turns when one of them has queued up a batch', async () => {
    await stage.open();
    await stage.submit(...'123456'.split('').map((n) => `A${n}`), 'B1', 'B2', 'B3', 'C1', 'C2', 'C3');
    expect(stage.queue.pending().map((job) => job.owner.name)).toEqual([...'ABCABCABCAAA']);
    await stage.work();
    await stage.finishAll(12);
    expect(stage.order()).toBe('A1 B1 C1 A2 B2 C2 A3 B3 C3 A4 A5 A6');
  });

  it('lets people whose roles weigh more come more often, by the roles they have when they ask', async () => {
    await stage.open({ roleWeights: parseRoleWeights('web:patron=2') });
    const submitAs = async (roles: readonly string[], ...ids: string[]) => {
      for (const id of ids) await stage.queue.submit({ ...draftOf(id), roles });
    };
    await submitAs(['patron'], 'A1', 'A2', 'A3', 'A4');
    await submitAs(['guest'], 'B1', 'B2', 'B3', 'B4');
    const weights = stage.queue.pending().map((job) => [job.owner.name, job.weight]);
    expect(weights.slice(0, 2)).toEqual([
      ['A', 2],
      ['B', undefined],
    ]);
    await stage.work();
    await stage.finishAll(8);
    expect(stage.order()).toBe('A1 B1 A2 A3 B2 A4 B3 B4');
  });

  it('keeps the jobs of one person in order, also when they come at the same moment', async () => {
    await stage.open();
    await Promise.all(['A1', 'A2', 'A3', 'A4'].map((id) => stage.queue.submit(draftOf(id))));
    await stage.work();
    await stage.finishAll(4);
    expect(stage.order()).toBe('A1 A2 A3 A4');
  });
}
