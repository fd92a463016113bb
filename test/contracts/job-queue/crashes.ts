import { expect, it } from 'vitest';
import { EngineError } from '../../../engine/index.ts';
import type { QueueStage } from './stage.ts';

/** Jobs that the engine, or the whole process, does not survive. */
export function testCrashes(stage: QueueStage): void {
  it('continues a job in its place when the engine dies under it', async () => {
    await stage.open();
    await stage.submit('A1', 'B1');
    await stage.work();
    (await stage.engine.begun(0)).fail(new EngineError('engine_crashed', 'The engine died.'));
    (await stage.engine.begun(1)).finish();
    (await stage.engine.begun(2)).finish();
    await stage.ended(2);
    expect(stage.order()).toBe('A1 A1 B1');
    expect(stage.outcomes[0]).toMatchObject({ kind: 'rendered', job: { attempts: 2, state: 'rendered' } });
  });

  it('gives a job up with a sentence when the engine dies under it twice', async () => {
    await stage.open();
    await stage.submit('A1', 'B1');
    await stage.work();
    for (const index of [0, 1])
      (await stage.engine.begun(index)).fail(new EngineError('engine_crashed', 'The engine died.'));
    (await stage.engine.begun(2)).finish();
    await stage.ended(2);
    expect(stage.outcomes[0]).toMatchObject({ kind: 'failed', job: { failure: { code: 'engine_crashed' } } });
    expect(stage.outcomes[1]?.kind).toBe('rendered');
  });

  it('blames the one that kills the engine, and not those that were beside it', async () => {
    await stage.open({ capacity: { slots: 3 } });
    await stage.submit('A1', 'B1', 'C1', 'D1');
    await stage.work();
    await stage.engine.begun(2);
    for (const run of stage.engine.runs.slice(0, 3)) run.fail(new EngineError('engine_crashed', 'The engine died.'));
    const alone = await stage.engine.begun(3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    // One at a time, and nobody new beside them.
    expect(stage.engine.runs).toHaveLength(4);
    alone.finish();
    expect((await stage.engine.begun(4)).prompt).toBe('B1');
    stage.engine.runs[4]?.fail(new EngineError('engine_crashed', 'The engine died again.'));
    (await stage.engine.begun(5)).finish();
    (await stage.engine.begun(6)).finish();
    await stage.ended(4);
    const ends = stage.outcomes.map(({ kind, job }) => `${job.owner.name} ${kind}`).sort();
    expect(ends).toEqual(['A rendered', 'B failed', 'C rendered', 'D rendered']);
  });

  it('runs alone what the process did not survive twice, so that nobody beside it is blamed', async () => {
    await stage.open({ capacity: { slots: 2 } });
    const [a1] = await stage.submit('A1', 'B1');
    for (let death = 0; death < 2; death += 1) {
      await stage.work();
      await stage.engine.begun(1);
      await stage.die();
    }
    await stage.work();
    const first = await stage.engine.begun(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(stage.engine.runs).toHaveLength(1);
    expect(first.prompt).toBe('A1');
    await stage.queue.cancel(a1?.id ?? '');
    (await stage.engine.begun(1)).finish();
    await stage.ended(2);
  });

  it('fails a job at once when the engine refuses it', async () => {
    await stage.open();
    await stage.submit('A1');
    await stage.work();
    (await stage.engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
    await stage.ended(1);
    const failure = { code: 'bad_request', userMessage: 'Width must be a multiple of 8; try 512.' };
    expect(stage.outcomes[0]).toMatchObject({ kind: 'failed', job: { attempts: 1, failure } });
  });

  it('does not run for ever what takes the process down each time', async () => {
    await stage.open();
    const [a1] = await stage.submit('A1');
    for (let death = 0; death < 5; death += 1) {
      await stage.work();
      await stage.engine.begun(0);
      await stage.die();
    }
    await stage.work();
    await stage.ended(1);
    expect(stage.outcomes[0]?.kind).toBe('failed');
    expect((await stage.store.get(a1?.id ?? ''))?.attempts).toBe(5);
  });
}
