import { expect, it } from 'vitest';
import { EngineError } from '../../../engine/index.ts';
import type { QueueFixture } from './queue-fixture.ts';

/** Jobs that the engine, or the whole process, does not survive. */
export function testCrashes(fixture: QueueFixture): void {
  it('continues a job in its place when the engine dies under it', async () => {
    await fixture.open();
    await fixture.submit('A1', 'B1');
    await fixture.work();
    (await fixture.engine.begun(0)).fail(new EngineError('engine_crashed', 'The engine died.'));
    (await fixture.engine.begun(1)).finish();
    (await fixture.engine.begun(2)).finish();
    await fixture.ended(2);
    expect(fixture.order()).toBe('A1 A1 B1');
    expect(fixture.outcomes[0]).toMatchObject({ kind: 'rendered', job: { attempts: 2, state: 'rendered' } });
  });

  it('gives a job up with a sentence when the engine dies under it twice', async () => {
    await fixture.open();
    await fixture.submit('A1', 'B1');
    await fixture.work();
    for (const index of [0, 1])
      (await fixture.engine.begun(index)).fail(new EngineError('engine_crashed', 'The engine died.'));
    (await fixture.engine.begun(2)).finish();
    await fixture.ended(2);
    expect(fixture.outcomes[0]).toMatchObject({ kind: 'failed', job: { failure: { code: 'engine_crashed' } } });
    expect(fixture.outcomes[1]?.kind).toBe('rendered');
  });

  it('does not forget a crash over a restart', async () => {
    await fixture.open();
    await fixture.submit('A1');
    for (let process = 0; process < 2; process += 1) {
      await fixture.work();
      (await fixture.engine.begun(0)).fail(new EngineError('engine_crashed', 'The engine died.'));
      if (process === 0) {
        await fixture.engine.begun(1);
        await fixture.restart();
      }
    }
    await fixture.ended(1);
    expect(fixture.outcomes[0]).toMatchObject({
      ...{ kind: 'failed', job: { attempts: 2, failure: { code: 'engine_crashed' } } },
    });
  });

  it('blames the one that kills the engine, and not those that were beside it', async () => {
    await fixture.open({ capacity: { slots: 3 } });
    await fixture.submit('A1', 'B1', 'C1', 'D1');
    await fixture.work();
    await fixture.engine.begun(2);
    for (const run of fixture.engine.runs.slice(0, 3)) run.fail(new EngineError('engine_crashed', 'The engine died.'));
    const alone = await fixture.engine.begun(3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    // One at a time, and nobody new beside them.
    expect(fixture.engine.runs).toHaveLength(4);
    alone.finish();
    expect((await fixture.engine.begun(4)).prompt).toBe('B1');
    fixture.engine.runs[4]?.fail(new EngineError('engine_crashed', 'The engine died again.'));
    (await fixture.engine.begun(5)).finish();
    (await fixture.engine.begun(6)).finish();
    await fixture.ended(4);
    const ends = fixture.outcomes.map(({ kind, job }) => `${job.owner.name} ${kind}`).sort();
    expect(ends).toEqual(['A rendered', 'B failed', 'C rendered', 'D rendered']);
  });

  it('runs alone what the process did not survive twice, so that nobody beside it is blamed', async () => {
    await fixture.open({ capacity: { slots: 2 } });
    const [a1] = await fixture.submit('A1', 'B1');
    for (let death = 0; death < 2; death += 1) {
      await fixture.work();
      await fixture.engine.begun(1);
      await fixture.die();
    }
    await fixture.work();
    const first = await fixture.engine.begun(0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(fixture.engine.runs).toHaveLength(1);
    expect(first.prompt).toBe('A1');
    await fixture.queue.cancel(a1?.id ?? '');
    (await fixture.engine.begun(1)).finish();
    await fixture.ended(2);
  });

  it('fails a job at once when the engine refuses it', async () => {
    await fixture.open();
    await fixture.submit('A1');
    await fixture.work();
    (await fixture.engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
    await fixture.ended(1);
    const failure = { code: 'bad_request', userMessage: 'Width must be a multiple of 8; try 512.' };
    expect(fixture.outcomes[0]).toMatchObject({ kind: 'failed', job: { attempts: 1, failure } });
  });

  it('does not run for ever what takes the process down each time', async () => {
    await fixture.open();
    const [a1] = await fixture.submit('A1');
    for (let death = 0; death < 5; death += 1) {
      await fixture.work();
      await fixture.engine.begun(0);
      await fixture.die();
    }
    await fixture.work();
    await fixture.ended(1);
    expect(fixture.outcomes[0]).toMatchObject({ kind: 'failed', job: { failure: { code: 'worker_lost' } } });
    expect((await fixture.store.get(a1?.id ?? ''))?.attempts).toBe(5);
  });
}
