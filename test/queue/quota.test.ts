import { beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '../../src/core/job.ts';
import { createQuota, type Quota, type QuotaLimits, type QuotaUse } from '../../src/queue/quota.ts';
import { createMemoryValueStore } from '../doubles/memory-value-store.ts';
import { CHANNEL, personNamed, taskWith } from '../doubles/samples.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PICTURE = 100;
const ada = personNamed('Ada');
const ben = personNamed('Ben');

describe('limits by the hour and the day', () => {
  const values = createMemoryValueStore<readonly QuotaUse[]>();
  let now = 0;
  let jobs = 0;
  let quota: Quota;

  function open(limits: Partial<QuotaLimits>): void {
    quota = createQuota(values, { hour: {}, day: {}, pictureCost: PICTURE, ...limits }, () => now);
  }

  /** As the queue does for each request; the accepted job. */
  async function ask(owner = ada, cost = PICTURE): Promise<Job> {
    await quota.assertWithin(owner, cost);
    const times = { createdAt: now, updatedAt: now };
    const job: Job = {
      ...{ id: `job${jobs++}`, owner, channel: CHANNEL, task: taskWith(), state: 'queued', attempts: 0, pictures: [] },
      ...times,
    };
    await quota.charge(job, cost);
    return job;
  }

  beforeEach(() => {
    values.clear();
    now = 1_700_000_000_000;
  });

  it('let a person ask again when the oldest of their requests is an hour old, and say when that is', async () => {
    open({ hour: { requests: 2 } });
    await ask();
    now += 20 * MINUTE;
    await ask();
    now += 10 * MINUTE;
    await expect(ask()).rejects.toMatchObject({
      code: 'limit_hour',
      retryable: true,
      userMessage: 'You have made 2 requests within an hour, which is the limit here; try again in 30 min.',
    });
    await ask(ben);
    now += 30 * MINUTE;
    await ask();
    await expect(ask()).rejects.toMatchObject({ userMessage: expect.stringContaining('try again in 20 min') });
  });

  it('keep to what they say: at the moment named one may ask, and just before it not', async () => {
    open({ hour: { requests: 1 } });
    await ask();
    now += HOUR - 1;
    await expect(ask()).rejects.toMatchObject({ userMessage: expect.stringContaining('try again in 1 s') });
    now += 1;
    await ask();
  });

  it('bound the work too, in default pictures, however few requests it came in', async () => {
    open({ day: { pictures: 5 } });
    await ask(ada, 3 * PICTURE);
    now += 2 * HOUR;
    await ask(ada, PICTURE);
    await expect(ask(ada, 2 * PICTURE)).rejects.toMatchObject({
      code: 'limit_day',
      userMessage:
        'With this request you would use more than the work of 5 default pictures within a day, which is the limit here; try again in 22 h.',
    });
    await ask(ada, PICTURE);
    now += 22 * HOUR;
    await ask(ada, 3 * PICTURE);
  });

  it('say of a request that can never fit what to ask for instead', async () => {
    open({ hour: { pictures: 1 } });
    await expect(ask(ada, 2 * PICTURE)).rejects.toMatchObject({
      retryable: false,
      userMessage:
        'This request is more than the work of 1 default picture, which is the limit for an hour here; request fewer or smaller pictures, fewer steps, or a shorter prompt.',
    });
  });

  it('are remembered by the next process', async () => {
    open({ hour: { requests: 1 } });
    await ask();
    open({ hour: { requests: 1 } });
    await expect(ask()).rejects.toMatchObject({ code: 'limit_hour' });
  });

  it('give back what was not drawn: all of a request that never began, and the rest of one that did', async () => {
    open({ hour: { requests: 2, pictures: 4 } });
    const waited = await ask(ada, 3 * PICTURE);
    await quota.forget(waited);
    const ran = await ask(ada, 4 * PICTURE);
    await quota.charge(ran, PICTURE);
    await ask(ada, 3 * PICTURE);
    await expect(ask(ada, 0)).rejects.toMatchObject({ userMessage: expect.stringContaining('2 requests') });
  });

  it('count a job once, also when it is counted again after a restart', async () => {
    open({ hour: { requests: 2 } });
    const job = await ask();
    await quota.charge(job, PICTURE);
    await ask();
  });

  it('count every one of many that come at the same moment', async () => {
    open({ hour: { requests: 20 } });
    await Promise.all(Array.from({ length: 20 }, () => ask()));
    await expect(ask()).rejects.toMatchObject({ code: 'limit_hour' });
  });

  it('keep nothing where nothing is limited, and nothing that is older than a day', async () => {
    open({});
    await ask();
    expect(values.size).toBe(0);
    open({ hour: { requests: 100 } });
    await ask();
    now += 24 * HOUR;
    await ask();
    await expect(values.get('web:ada')).resolves.toHaveLength(1);
  });
});
