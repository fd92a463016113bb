import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../engine/index.ts';
import { statesOf } from '../doubles/recording-channel.ts';
import { createStage, type Stage } from './stage.ts';

describe('delivery, after a restart,', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = createStage();
  });
  afterEach(() => stage.close());

  it('brings what was rendered before it, without drawing it again', async () => {
    await stage.work();
    const job = await stage.submit('A1');
    const run = await stage.engine.begun(0);
    await stage.shows(0, 'starting');
    stage.channel.goDown();
    run.finish();
    await stage.reaches(job.id, 'rendered');
    await stage.restart();
    stage.channel.comeUp();
    await stage.reaches(job.id, 'delivered');
    expect(statesOf(stage.channel.messages)).toEqual(['done']);
    expect(stage.engine.runs).toHaveLength(0);
  });

  it('goes on in the same message', async () => {
    await stage.work();
    const [a1, b1] = [await stage.submit('A1'), await stage.submit('B1')];
    (await stage.engine.begun(0)).step(2, 4);
    await stage.shows(0, '(50%)');
    await stage.shows(1, '1st in line');
    await stage.restart();
    (await stage.engine.begun(0)).finish();
    (await stage.engine.begun(1)).finish();
    await stage.reaches(a1.id, 'delivered');
    await stage.reaches(b1.id, 'delivered');
    expect(statesOf(stage.channel.messages)).toEqual(['done', 'done']);
  });

  it('tells of an end that it could not tell before', async () => {
    await stage.work();
    const job = await stage.submit('A1');
    const run = await stage.engine.begun(0);
    await stage.shows(0, 'starting');
    stage.channel.goDown();
    run.fail(new EngineError('bad_request', 'Steps must be at least 1.'));
    await stage.reaches(job.id, 'failed');
    await stage.restart();
    stage.channel.comeUp();
    await stage.shows(0, 'Steps must be at least 1.');
    await expect.poll(async () => (await stage.store.jobs.get(job.id))?.announced).toBe(true);
    await stage.restart();
    expect(await stage.store.jobs.unfinished()).toEqual([]);
  });
});
