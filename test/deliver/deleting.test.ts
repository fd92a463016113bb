import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStage, type Stage } from './stage.ts';

describe('delivery of pictures that are gone, or are to go,', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = createStage();
  });
  afterEach(() => stage.close());

  it('says so when the files of a rendered job are gone', async () => {
    await stage.work();
    const job = await stage.submit('A1');
    const run = await stage.engine.begun(0);
    await stage.shows(0, 'starting');
    stage.channel.goDown();
    run.finish();
    await stage.reaches(job.id, 'rendered');
    await stage.store.pictures.delete(job.id);
    stage.channel.comeUp();
    await stage.shows(0, 'The pictures are no longer kept; press 🔄');
    await stage.reaches(job.id, 'failed');
  });

  it('deletes message and pictures when asked, and never posts that job again', async () => {
    await stage.work();
    const job = await stage.submit('A1');
    (await stage.engine.begun(0)).finish();
    await stage.reaches(job.id, 'delivered');
    await stage.deliver.deleteJob(job);
    expect(stage.channel.messages).toEqual([]);
    expect(await stage.store.pictures.png(job.id, 0)).toBeUndefined();
    expect(await stage.store.jobs.get(job.id)).toMatchObject({ deleted: true, task: job.task });
    await stage.restart();
    expect(stage.channel.messages).toEqual([]);
  });

  it('keeps the pictures when the channel does not delete the message, and says so', async () => {
    await stage.work();
    const job = await stage.submit('A1');
    (await stage.engine.begun(0)).finish();
    await stage.reaches(job.id, 'delivered');
    stage.channel.failNext({ error: new Error('403') });
    await expect(stage.deliver.deleteJob(job)).rejects.toMatchObject({ code: 'delete_failed', retryable: true });
    expect(await stage.store.pictures.png(job.id, 0)).toBeDefined();
  });
});
