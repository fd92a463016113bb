import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRecordingChannel, statesOf } from '../doubles/recording-channel.ts';
import { createStage, type Stage } from './stage.ts';

describe('delivery, in trouble with its channel,', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = createStage();
  });
  afterEach(() => stage.close());

  it('tries again until the channel takes the picture, and never draws it again', async () => {
    await stage.work();
    const job = await stage.submit('A1');
    const run = await stage.engine.begun(0);
    await stage.shows(0, 'starting');
    const trouble = { error: new Error('502 Bad Gateway') };
    stage.channel.failNext(trouble, trouble, trouble);
    run.finish();
    await stage.reaches(job.id, 'delivered');
    expect(statesOf(stage.channel.messages)).toEqual(['done']);
    expect(stage.engine.runs).toHaveLength(1);
  });

  it('posts one message even when the answer to the first post was lost', async () => {
    stage.channel.failNext({ error: new Error('socket hang up'), after: true });
    await stage.work();
    const job = await stage.submit('A1');
    const run = await stage.engine.begun(0);
    await stage.shows(0, 'starting');
    run.finish();
    await stage.reaches(job.id, 'delivered');
    expect(stage.channel.messages).toHaveLength(1);
  });

  it('stops editing a message that a moderator removed, and keeps the result', async () => {
    await stage.work();
    const job = await stage.submit('A1');
    const run = await stage.engine.begun(0);
    await stage.shows(0, 'starting');
    stage.channel.remove(0);
    run.step(1, 4);
    run.finish();
    await stage.reaches(job.id, 'delivered');
    expect(stage.channel.messages).toEqual([]);
    expect(await stage.store.pictures.png(job.id, 0)).toBeDefined();
  });

  it('sends a compressed picture where a PNG is too large, and says so when even that is', async () => {
    await stage.work(createRecordingChannel({ maxAttachmentBytes: 5 }));
    await stage.submit('A1', { count: 2 });
    const b1 = await stage.submit('B1', { count: 4 });
    (await stage.engine.begun(0)).finish();
    (await stage.engine.begun(1)).finish();
    await stage.shows(0, 'seed 1 to 2');
    expect(stage.channel.messages[0]?.pictures[0]).toMatchObject({ mediaType: 'image/webp', data: { length: 5 } });
    expect(stage.channel.messages[0]?.pictures[0]?.name).toMatch(/\.webp$/);
    await stage.shows(1, 'The picture is too large for this channel');
    await stage.reaches(b1.id, 'failed');
  });
});
