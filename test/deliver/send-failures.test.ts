import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRecordingChannel, statesOf } from '../doubles/recording-channel.ts';
import { createDeliverFixture, type DeliverFixture } from './deliver-fixture.ts';

describe('delivery, in trouble with its channel,', () => {
  let fixture: DeliverFixture;
  beforeEach(() => {
    fixture = createDeliverFixture();
  });
  afterEach(() => fixture.close());

  it('tries again until the channel takes the picture, and never draws it again', async () => {
    await fixture.work();
    const job = await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    await fixture.shows(0, 'starting');
    const trouble = { error: new Error('502 Bad Gateway') };
    fixture.channel.failNext(trouble, trouble, trouble);
    run.finish();
    await fixture.reaches(job.id, 'delivered');
    expect(statesOf(fixture.channel.messages)).toEqual(['done']);
    expect(fixture.engine.runs).toHaveLength(1);
  });

  it('posts one message even when the answer to the first post was lost', async () => {
    fixture.channel.failNext({ error: new Error('socket hang up'), after: true });
    await fixture.work();
    const job = await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    await fixture.shows(0, 'starting');
    run.finish();
    await fixture.reaches(job.id, 'delivered');
    expect(fixture.channel.messages).toHaveLength(1);
  });

  it('stops editing a message that a moderator removed, and keeps the result', async () => {
    await fixture.work();
    const job = await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    await fixture.shows(0, 'starting');
    fixture.channel.remove(0);
    run.step(1, 4);
    run.finish();
    await fixture.reaches(job.id, 'delivered');
    expect(fixture.channel.messages).toEqual([]);
    expect(await fixture.store.pictures.png(job.id, 0)).toBeDefined();
  });

  it('sends a compressed picture where a PNG is too large, and says so when even that is', async () => {
    await fixture.work(createRecordingChannel({ maxAttachmentBytes: 5 }));
    await fixture.submit('A1', { count: 2 });
    const b1 = await fixture.submit('B1', { count: 4 });
    (await fixture.engine.begun(0)).finish();
    (await fixture.engine.begun(1)).finish();
    await fixture.shows(0, 'seed 1 to 2');
    expect(fixture.channel.messages[0]?.pictures[0]).toMatchObject({ mediaType: 'image/webp', data: { length: 5 } });
    expect(fixture.channel.messages[0]?.pictures[0]?.name).toMatch(/\.webp$/);
    await fixture.shows(1, 'The picture file is too large for this channel');
    await fixture.reaches(b1.id, 'failed');
  });
});
