import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeliverFixture, type DeliverFixture } from './deliver-fixture.ts';

describe('delivery of pictures that are gone, or are to go,', () => {
  let fixture: DeliverFixture;
  beforeEach(() => {
    fixture = createDeliverFixture();
  });
  afterEach(() => fixture.close());

  it('says so when the files of a rendered job are gone', async () => {
    await fixture.work();
    const job = await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    await fixture.shows(0, 'starting');
    fixture.channel.goDown();
    run.finish();
    await fixture.reaches(job.id, 'rendered');
    await fixture.store.pictures.delete(job.id);
    fixture.channel.comeUp();
    await fixture.shows(0, 'The pictures are no longer kept; press 🔄');
    await fixture.reaches(job.id, 'failed');
  });

  it('deletes message and pictures when asked, and never posts that job again', async () => {
    await fixture.work();
    const job = await fixture.submit('A1');
    (await fixture.engine.begun(0)).finish();
    await fixture.reaches(job.id, 'delivered');
    await fixture.deliver.deleteJob(job);
    expect(fixture.channel.messages).toEqual([]);
    expect(await fixture.store.pictures.png(job.id, 0)).toBeUndefined();
    expect(await fixture.store.jobs.get(job.id)).toMatchObject({ deleted: true, task: job.task });
    await fixture.restart();
    expect(fixture.channel.messages).toEqual([]);
  });

  it('keeps the pictures when the channel does not delete the message, and says so', async () => {
    await fixture.work();
    const job = await fixture.submit('A1');
    (await fixture.engine.begun(0)).finish();
    await fixture.reaches(job.id, 'delivered');
    fixture.channel.failNext({ error: new Error('403') });
    await expect(fixture.deliver.deleteJob(job)).rejects.toMatchObject({ code: 'delete_failed', retryable: true });
    expect(await fixture.store.pictures.png(job.id, 0)).toBeDefined();
  });
});
