import { expect, it } from 'vitest';
import { parseRoleWeights } from '../../../src/core/role-weights.ts';
import { pendingOf } from '../../doubles/queue-reading.ts';
import { draftOf } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** Whose turn it is. */
export function testFairOrder(fixture: QueueFixture): void {
  it('lets people take turns when one of them has queued up a batch', async () => {
    await fixture.open();
    await fixture.submit(...'123456'.split('').map((n) => `A${n}`), 'B1', 'B2', 'B3', 'C1', 'C2', 'C3');
    expect((await pendingOf(fixture.queue)).map((job) => job.owner.name)).toEqual([...'ABCABCABCAAA']);
    await fixture.work();
    await fixture.finishAll(12);
    expect(fixture.order()).toBe('A1 B1 C1 A2 B2 C2 A3 B3 C3 A4 A5 A6');
  });

  it('lets people whose roles weigh more come more often, by the roles they have when they ask', async () => {
    await fixture.open({ roleWeights: parseRoleWeights('web:patron=2') });
    const submitAs = async (roles: readonly string[], ...ids: string[]) => {
      for (const id of ids) await fixture.queue.submit({ ...draftOf(id), roles });
    };
    await submitAs(['patron'], 'A1', 'A2', 'A3', 'A4');
    await submitAs(['guest'], 'B1', 'B2', 'B3', 'B4');
    const weights = (await pendingOf(fixture.queue)).map((job) => [job.owner.name, job.weight]);
    expect(weights.slice(0, 2)).toEqual([
      ['A', 2],
      ['B', undefined],
    ]);
    await fixture.work();
    await fixture.finishAll(8);
    expect(fixture.order()).toBe('A1 B1 A2 A3 B2 A4 B3 B4');
  });

  it('keeps the jobs of one person in order, also when they come at the same moment', async () => {
    await fixture.open();
    await Promise.all(['A1', 'A2', 'A3', 'A4'].map((id) => fixture.queue.submit(draftOf(id))));
    await fixture.work();
    await fixture.finishAll(4);
    expect(fixture.order()).toBe('A1 A2 A3 A4');
  });
}
