import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../engine/index.ts';
import { statesOf } from '../doubles/recording-channel.ts';
import { createDeliverFixture, type DeliverFixture } from './deliver-fixture.ts';

describe('delivery, after a restart,', () => {
  let fixture: DeliverFixture;
  beforeEach(() => {
    fixture = createDeliverFixture();
  });
  afterEach(() => fixture.close());

  it('brings what was rendered before it, without drawing it again', async () => {
    await fixture.work();
    const job = await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    await fixture.shows(0, 'starting');
    fixture.channel.goDown();
    run.finish();
    await fixture.reaches(job.id, 'rendered');
    await fixture.restart();
    fixture.channel.comeUp();
    await fixture.reaches(job.id, 'delivered');
    expect(statesOf(fixture.channel.messages)).toEqual(['done']);
    expect(fixture.engine.runs).toHaveLength(0);
  });

  it('goes on in the same message', async () => {
    await fixture.work();
    const [a1, b1] = [await fixture.submit('A1'), await fixture.submit('B1')];
    (await fixture.engine.begun(0)).step(2, 4);
    await fixture.shows(0, '(50%)');
    await fixture.shows(1, '1st in the queue');
    await fixture.restart();
    (await fixture.engine.begun(0)).finish();
    (await fixture.engine.begun(1)).finish();
    await fixture.reaches(a1.id, 'delivered');
    await fixture.reaches(b1.id, 'delivered');
    expect(statesOf(fixture.channel.messages)).toEqual(['done', 'done']);
  });

  it('tells of an end that it could not tell before', async () => {
    await fixture.work();
    const job = await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    await fixture.shows(0, 'starting');
    fixture.channel.goDown();
    run.fail(new EngineError('bad_request', 'Steps must be at least 1.'));
    await fixture.reaches(job.id, 'failed');
    await fixture.restart();
    fixture.channel.comeUp();
    await fixture.shows(0, 'Steps must be at least 1.');
    await expect.poll(async () => (await fixture.store.jobs.get(job.id))?.announced).toBe(true);
    await fixture.restart();
    expect(await fixture.store.jobs.unfinished()).toEqual([]);
  });
});
