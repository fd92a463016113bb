import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../engine/index.ts';
import type { ChannelRef } from '../../../src/core/channel.ts';
import type { Job } from '../../../src/core/job.ts';
import { costOf } from '../../../src/queue/cost.ts';
import type { JobDraft } from '../../../src/queue/port.ts';
import { pendingOf, placeOf } from '../../doubles/queue-reading.ts';
import { draftOf, taskWith } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** Requests for exactly the same. */
export function testCoalescing(fixture: QueueFixture): void {
  describe('draws what is asked for twice once', () => {
    /** Person A asks for the same as person B; each request has its own event. */
    const same = (requestId: string, changes: Partial<JobDraft> = {}): JobDraft => ({
      ...{ ...draftOf(requestId), task: taskWith({ prompt: 'the same', seed: 7 }) },
      ...changes,
    });
    const elsewhere: ChannelRef = { platform: 'web', channelId: 'elsewhere' };
    const states = () => fixture.outcomes.map(({ kind, job }) => `${job.owner.name} ${kind}`);
    const hasPictures = async (job: Job | undefined) =>
      (await fixture.pictures.png(job?.id ?? '', 0))?.byteLength === 3;

    it('for people who ask at the same time: each has their own job, outcome and pictures', async () => {
      await fixture.open();
      const a = await fixture.queue.submit(same('A1'));
      const b = await fixture.queue.submit(same('B1'));
      const c = await fixture.queue.submit(same('A2', { channel: elsewhere }));
      expect([a, b, c].map(({ isNew }) => isNew)).toEqual([true, true, true]);
      expect((await placeOf(fixture.queue, b.job.id))?.position).toBe(1);
      await fixture.work();
      const run = await fixture.engine.begun(0);
      run.step(2, 4);
      expect(fixture.begun.map((job) => job.id)).toEqual([a.job.id, b.job.id, c.job.id]);
      run.finish();
      await fixture.ended(3);
      expect(fixture.engine.runs).toHaveLength(1);
      expect(states()).toEqual(['A rendered', 'B rendered', 'A rendered']);
      await fixture.pictures.delete(a.job.id);
      expect(await hasPictures(b.job)).toBe(true);
      expect((await fixture.store.get(b.job.id))?.pictures).toHaveLength(1);
      expect((await fixture.store.get(b.job.id))?.repeatOf).toBeUndefined();
    });

    it('for one person who asks twice in one place: the second request is the first job', async () => {
      await fixture.open();
      const first = await fixture.queue.submit(same('A1'));
      const second = await fixture.queue.submit(same('A2'));
      expect(second).toMatchObject({ isNew: false, isSame: true, job: { id: first.job.id } });
      expect(await pendingOf(fixture.queue)).toHaveLength(1);
    });

    it('for one person who presses a button twice in a moment, and twice for one who takes their time', async () => {
      let time = 1_700_000_000_000;
      await fixture.open({ now: () => time });
      const press = (id: string) => fixture.queue.submit({ ...draftOf(id), pressed: 'v1:reroll:job1:0' });
      const first = await press('A1');
      time += 500;
      expect(await press('A2')).toMatchObject({ isNew: false, job: { id: first.job.id } });
      expect((await press('B1')).isNew).toBe(true);
      time += 5000;
      expect((await press('A3')).isNew).toBe(true);
    });

    it('in the turn of whose turn is first, and charges them alone', async () => {
      const pictureCost = costOf(draftOf('A').task);
      await fixture.open({ quotaLimits: { hour: { pictures: 3 }, day: {}, pictureCost } });
      await fixture.submit('A1', 'A2');
      await fixture.queue.submit(same('A3'));
      await fixture.queue.submit(same('B1'));
      await fixture.submit('C1');
      const order = (await pendingOf(fixture.queue)).map(({ task }) => ('spec' in task ? task.spec.prompt : ''));
      expect(order).toEqual(['A1', 'the same', 'the same', 'C1', 'A2']);
      // A has had only two charged, B one.
      await fixture.submit('A4');
      await expect(fixture.submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
      await fixture.submit('B2', 'B3');
      await expect(fixture.submit('B4')).rejects.toMatchObject({ code: 'limit_hour' });
    });

    it('and goes on for the others when one of them cancels, waiting or running', async () => {
      await fixture.open();
      const drafts = [same('A1'), same('B1'), same('C1')];
      const [a, b, c] = await Promise.all(drafts.map((draft) => fixture.queue.submit(draft)));
      await fixture.queue.cancel(a?.job.id ?? '');
      expect((await pendingOf(fixture.queue)).map((job) => job.owner.name)).toEqual(['B', 'C']);
      await fixture.work();
      const run = await fixture.engine.begun(0);
      run.step(1, 4);
      await fixture.queue.cancel(b?.job.id ?? '');
      expect(run.aborted).toBe(false);
      run.finish();
      await fixture.ended(3);
      expect(states()).toEqual(['A cancelled', 'B cancelled', 'C rendered']);
      expect(await hasPictures(c?.job)).toBe(true);
      await expect.poll(() => fixture.pictures.png(fixture.outcomes[1]?.job.id ?? '', 0)).toBeUndefined();
    });

    it('and stops it when all of them have cancelled', async () => {
      await fixture.open();
      const [a, b] = [await fixture.queue.submit(same('A1')), await fixture.queue.submit(same('B1'))];
      await fixture.work();
      const run = await fixture.engine.begun(0);
      await fixture.queue.cancel(a.job.id);
      expect(run.aborted).toBe(false);
      await fixture.queue.cancel(b.job.id);
      expect(run.aborted).toBe(true);
      await fixture.submit('C1');
      (await fixture.engine.begun(1)).finish();
      await fixture.ended(3);
    });

    it('and fails for all of them when it fails', async () => {
      await fixture.open();
      for (const id of ['A1', 'B1']) await fixture.queue.submit(same(id));
      await fixture.work();
      (await fixture.engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
      await fixture.ended(2);
      expect(states()).toEqual(['A failed', 'B failed']);
      expect(fixture.outcomes[1]?.job.failure?.code).toBe('bad_request');
    });

    it('also when the process died in between', async () => {
      await fixture.open();
      for (const id of ['A1', 'B1', 'C1']) await fixture.queue.submit(same(id));
      await fixture.work();
      await fixture.engine.begun(0);
      await fixture.restart();
      await fixture.work();
      (await fixture.engine.begun(0)).finish();
      await fixture.ended(3);
      expect(fixture.engine.runs).toHaveLength(1);
      expect(states()).toEqual(['A rendered', 'B rendered', 'C rendered']);
    });

    it('and shows again what was drawn before, at no cost, for as long as its pictures are kept', async () => {
      const pictureCost = costOf(draftOf('A').task);
      await fixture.open({ quotaLimits: { hour: { pictures: 1 }, day: {}, pictureCost } });
      const first = await fixture.queue.submit(same('A1'));
      await fixture.work();
      (await fixture.engine.begun(0)).finish();
      await fixture.ended(1);
      await fixture.restart();
      await fixture.work();
      const again = await fixture.queue.submit(same('A2'));
      await fixture.ended(2);
      expect(fixture.outcomes[1]).toMatchObject({
        kind: 'rendered',
        job: { id: again.job.id, repeatOf: first.job.id },
      });
      expect(again.job.id).not.toBe(first.job.id);
      expect(await hasPictures(again.job)).toBe(true);
      expect(fixture.engine.runs).toHaveLength(0);
      await fixture.pictures.delete(first.job.id);
      await fixture.queue.submit(same('B1'));
      (await fixture.engine.begun(0)).finish();
      await fixture.ended(3);
      expect(fixture.outcomes[2]?.job.repeatOf).toBeUndefined();
    });
  });
}
