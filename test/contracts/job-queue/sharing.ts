import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../engine/index.ts';
import type { ChannelRef } from '../../../src/core/channel.ts';
import type { Job } from '../../../src/core/job.ts';
import { costOf } from '../../../src/queue/cost.ts';
import type { JobDraft } from '../../../src/queue/port.ts';
import { draftOf, taskWith } from '../../doubles/tasks.ts';
import type { QueueStage } from './stage.ts';

/** Requests for exactly the same. */
export function testSharing(stage: QueueStage): void {
  describe('draws what is asked for twice once', () => {
    /** Person A asks for the same as person B; each request has its own event. */
    const same = (requestId: string, changes: Partial<JobDraft> = {}): JobDraft => ({
      ...{ ...draftOf(requestId), task: taskWith({ prompt: 'the same', seed: 7 }) },
      ...changes,
    });
    const elsewhere: ChannelRef = { platform: 'web', channelId: 'elsewhere' };
    const states = () => stage.outcomes.map(({ kind, job }) => `${job.owner.name} ${kind}`);
    const hasPictures = async (job: Job | undefined) => (await stage.pictures.png(job?.id ?? '', 0))?.byteLength === 3;

    it('for people who ask at the same time: each has their own job, outcome and pictures', async () => {
      await stage.open();
      const a = await stage.queue.submit(same('A1'));
      const b = await stage.queue.submit(same('B1'));
      const c = await stage.queue.submit(same('A2', { channel: elsewhere }));
      expect([a, b, c].map(({ isNew }) => isNew)).toEqual([true, true, true]);
      expect(stage.queue.position(b.job.id)?.place).toBe(1);
      await stage.work();
      const run = await stage.engine.begun(0);
      run.step(2, 4);
      expect(stage.begun.map((job) => job.id)).toEqual([a.job.id, b.job.id, c.job.id]);
      run.finish();
      await stage.ended(3);
      expect(stage.engine.runs).toHaveLength(1);
      expect(states()).toEqual(['A rendered', 'B rendered', 'A rendered']);
      await stage.pictures.delete(a.job.id);
      expect(await hasPictures(b.job)).toBe(true);
      expect((await stage.store.get(b.job.id))?.pictures).toHaveLength(1);
      expect((await stage.store.get(b.job.id))?.repeatOf).toBeUndefined();
    });

    it('for one person who asks twice in one place: the second request is the first job', async () => {
      await stage.open();
      const first = await stage.queue.submit(same('A1'));
      const second = await stage.queue.submit(same('A2'));
      expect(second).toMatchObject({ isNew: false, isSame: true, job: { id: first.job.id } });
      expect(stage.queue.pending()).toHaveLength(1);
    });

    it('for one person who presses a button twice in a moment, and twice for one who takes their time', async () => {
      let time = 1_700_000_000_000;
      await stage.open({ now: () => time });
      const press = (id: string) => stage.queue.submit({ ...draftOf(id), pressed: 'v1:reroll:job1:0' });
      const first = await press('A1');
      time += 500;
      expect(await press('A2')).toMatchObject({ isNew: false, job: { id: first.job.id } });
      expect((await press('B1')).isNew).toBe(true);
      time += 5000;
      expect((await press('A3')).isNew).toBe(true);
    });

    it('in the turn of whose turn is first, and charges them alone', async () => {
      const pictureCost = costOf(draftOf('A').task);
      await stage.open({ usageLimits: { hour: { pictures: 3 }, day: {}, pictureCost } });
      await stage.submit('A1', 'A2');
      await stage.queue.submit(same('A3'));
      await stage.queue.submit(same('B1'));
      await stage.submit('C1');
      const order = stage.queue.pending().map(({ task }) => ('spec' in task ? task.spec.prompt : ''));
      expect(order).toEqual(['A1', 'the same', 'the same', 'C1', 'A2']);
      // A has had only two charged, B one.
      await stage.submit('A4');
      await expect(stage.submit('A5')).rejects.toMatchObject({ code: 'limit_hour' });
      await stage.submit('B2', 'B3');
      await expect(stage.submit('B4')).rejects.toMatchObject({ code: 'limit_hour' });
    });

    it('and goes on for the others when one of them cancels, waiting or running', async () => {
      await stage.open();
      const drafts = [same('A1'), same('B1'), same('C1')];
      const [a, b, c] = await Promise.all(drafts.map((draft) => stage.queue.submit(draft)));
      await stage.queue.cancel(a?.job.id ?? '');
      expect(stage.queue.pending().map((job) => job.owner.name)).toEqual(['B', 'C']);
      await stage.work();
      const run = await stage.engine.begun(0);
      run.step(1, 4);
      await stage.queue.cancel(b?.job.id ?? '');
      expect(run.aborted).toBe(false);
      run.finish();
      await stage.ended(3);
      expect(states()).toEqual(['A cancelled', 'B cancelled', 'C rendered']);
      expect(await hasPictures(c?.job)).toBe(true);
      await expect.poll(() => stage.pictures.png(stage.outcomes[1]?.job.id ?? '', 0)).toBeUndefined();
    });

    it('and stops it when all of them have cancelled', async () => {
      await stage.open();
      const [a, b] = [await stage.queue.submit(same('A1')), await stage.queue.submit(same('B1'))];
      await stage.work();
      const run = await stage.engine.begun(0);
      await stage.queue.cancel(a.job.id);
      expect(run.aborted).toBe(false);
      await stage.queue.cancel(b.job.id);
      expect(run.aborted).toBe(true);
      await stage.submit('C1');
      (await stage.engine.begun(1)).finish();
      await stage.ended(3);
    });

    it('and fails for all of them when it fails', async () => {
      await stage.open();
      for (const id of ['A1', 'B1']) await stage.queue.submit(same(id));
      await stage.work();
      (await stage.engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
      await stage.ended(2);
      expect(states()).toEqual(['A failed', 'B failed']);
      expect(stage.outcomes[1]?.job.failure?.code).toBe('bad_request');
    });

    it('also when the process died in between', async () => {
      await stage.open();
      for (const id of ['A1', 'B1', 'C1']) await stage.queue.submit(same(id));
      await stage.work();
      await stage.engine.begun(0);
      await stage.restart();
      await stage.work();
      (await stage.engine.begun(0)).finish();
      await stage.ended(3);
      expect(stage.engine.runs).toHaveLength(1);
      expect(states()).toEqual(['A rendered', 'B rendered', 'C rendered']);
    });

    it('and shows again what was drawn before, at no cost, for as long as its pictures are kept', async () => {
      const pictureCost = costOf(draftOf('A').task);
      await stage.open({ usageLimits: { hour: { pictures: 1 }, day: {}, pictureCost } });
      const first = await stage.queue.submit(same('A1'));
      await stage.work();
      (await stage.engine.begun(0)).finish();
      await stage.ended(1);
      await stage.restart();
      await stage.work();
      const again = await stage.queue.submit(same('A2'));
      await stage.ended(2);
      expect(stage.outcomes[1]).toMatchObject({ kind: 'rendered', job: { id: again.job.id, repeatOf: first.job.id } });
      expect(again.job.id).not.toBe(first.job.id);
      expect(await hasPictures(again.job)).toBe(true);
      expect(stage.engine.runs).toHaveLength(0);
      await stage.pictures.delete(first.job.id);
      await stage.queue.submit(same('B1'));
      (await stage.engine.begun(0)).finish();
      await stage.ended(3);
      expect(stage.outcomes[2]?.job.repeatOf).toBeUndefined();
    });
  });
}
