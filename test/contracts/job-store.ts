import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transition } from '../../src/core/job-state.ts';
import { userKey } from '../../src/core/user.ts';
import type { JobStore } from '../../src/store/port.ts';
import { jobNamed, personNamed, SHOWN, taskWith } from '../doubles/samples.ts';

export interface StoreUnderTest {
  readonly store: JobStore;
  /** The same data as the next process sees it. */
  restart(): Promise<StoreUnderTest>;
  close(): Promise<void>;
}

/** What every driver of the job store must do. */
export function testJobStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: jobs`, () => {
    let opened: StoreUnderTest;
    const ids = async () => (await opened.store.unfinished()).map((job) => job.id);

    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    it('keeps a seed of 64 bits to its last digit', async () => {
      const seed = '18446744073709551615';
      const job = jobNamed('a', {
        task: taskWith({ seed, variations: [{ seed: '9007199254740993', strength: 0.5 }] }),
      });
      await opened.store.put(job);
      opened = await opened.restart();
      expect(await opened.store.get('a')).toEqual(job);
    });

    it('gives back exactly what was put, whatever a person wrote', async () => {
      for (const prompt of [
        '',
        ':base64:AAAA',
        '"quoted"\n\u2028 🖼️ \\',
        '𝕏'.repeat(4000),
        "'; DROP TABLE entries; --",
      ]) {
        const job = jobNamed('a', { task: taskWith({ prompt, seed: 0 }) });
        await opened.store.put(job);
        expect(await opened.store.get('a')).toEqual(job);
      }
      expect(await opened.store.get('unknown')).toBeUndefined();
    });

    it('lists what a restart must look at, oldest first', async () => {
      await opened.store.put(jobNamed('young', { createdAt: 3 }));
      await opened.store.put(jobNamed('old', { createdAt: 1, state: 'rendered' }));
      await opened.store.put(jobNamed('told', { createdAt: 2, state: 'failed', announced: true }));
      await opened.store.put(jobNamed('untold', { createdAt: 2, state: 'cancelled' }));
      await opened.store.put(jobNamed('done', { createdAt: 2, state: 'delivered' }));
      opened = await opened.restart();
      expect(await ids()).toEqual(['old', 'untold', 'young']);
      await opened.store.update('old', (job) => transition(job, 'delivered', 9));
      await opened.store.update('untold', (job) => ({ ...job, announced: true }));
      expect(await ids()).toEqual(['young']);
      expect((await opened.store.get('old'))?.state).toBe('delivered');
    });

    it('lists what a person made and what they starred, newest first: all that can be shown', async () => {
      const [ada, ben] = [personNamed('Ada'), { ...personNamed('Ben'), id: 'ben:1' }];
      await opened.store.put(jobNamed('first', { ...SHOWN, createdAt: 1 }));
      await opened.store.put(jobNamed('third', { createdAt: 300 }));
      await opened.store.put(jobNamed('second', { ...SHOWN, createdAt: 20 }));
      await opened.store.put(jobNamed('his', { ...SHOWN, owner: ben, createdAt: 4 }));
      await opened.store.put(jobNamed('failed', { ...SHOWN, state: 'failed', createdAt: 5 }));
      await opened.store.update('his', (job) => ({ ...job, starred: [userKey(ada), userKey(ben)] }));
      await opened.store.update('second', (job) => ({ ...job, starred: [userKey(ada)] }));
      await opened.store.update('his', (job) => ({ ...job, starred: [userKey(ben)] }));
      opened = await opened.restart();
      const { gallery } = opened.store;
      expect(await gallery(ada, 'made')).toEqual(['second', 'first']);
      await opened.store.update('third', (job) => ({ ...job, ...SHOWN }));
      expect(await gallery(ada, 'made')).toEqual(['third', 'second', 'first']);
      expect(await gallery(ada, 'starred')).toEqual(['second']);
      expect(await gallery(ben, 'starred')).toEqual(['his']);
      expect(await gallery({ platform: 'web', id: 'ben' }, 'made')).toEqual([]);
      await opened.store.update('his', (job) => ({ ...job, deleted: true }));
      expect(await gallery(ben, 'starred')).toEqual([]);
    });

    it('loses no change when many parts change one job at once', async () => {
      await opened.store.put(jobNamed('a'));
      const addOne = () => opened.store.update('a', (job) => ({ ...job, attempts: job.attempts + 1 }));
      await Promise.all(Array.from({ length: 50 }, addOne));
      expect((await opened.store.get('a'))?.attempts).toBe(50);
    });

    it('writes nothing when the change is refused, and goes on', async () => {
      await opened.store.put(jobNamed('a'));
      const refused = opened.store.update('a', (job) => transition(job, 'delivered', 9));
      await expect(refused).rejects.toThrow('job a cannot go from queued to delivered');
      expect((await opened.store.update('a', (job) => transition(job, 'running', 9)))?.state).toBe('running');
      expect(await opened.store.update('unknown', (job) => job)).toBeUndefined();
    });
  });
}
