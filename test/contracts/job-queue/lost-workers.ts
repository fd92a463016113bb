import { expect, it } from 'vitest';
import { EngineError } from '../../../engine/index.ts';
import { WorkerLostError } from '../../../src/queue/port.ts';
import { draftOf } from '../../doubles/samples.ts';
import type { QueueFixture } from './queue-fixture.ts';

const crash = () => new EngineError('engine_crashed', 'The engine died.');
const wait = () => new Promise((resolve) => setTimeout(resolve, 50));

/** Jobs whose worker is gone, and jobs whose worker goes on without the process that led it. */
export function testLostWorkers(fixture: QueueFixture): void {
  it('begins a job whose worker was lost again, before all that wait', async () => {
    await fixture.open();
    const queued: number[] = [];
    fixture.queue.onQueued((_, { position }) => queued.push(position));
    await fixture.submit('A1', 'B1', 'C1');
    await fixture.work();
    (await fixture.engine.begun(0)).fail(new WorkerLostError());
    await fixture.finishRuns(1, 2, 3);
    expect(fixture.order()).toBe('A1 A1 B1 C1');
    expect(queued).toEqual([1, 2, 3, 0]);
    expect(fixture.outcomes[0]).toMatchObject({ kind: 'rendered', job: { attempts: 2, interrupted: 'lost' } });
  });

  it('hears no more of a worker that it has given up', async () => {
    await fixture.open();
    await fixture.submit('A1');
    await fixture.work();
    const lost = await fixture.engine.begun(0);
    lost.fail(new WorkerLostError());
    const again = await fixture.engine.begun(1);
    const steps: number[] = [];
    fixture.queue.onProgress((_, { step }) => steps.push(step));
    lost.step(3, 4);
    again.step(1, 4);
    await fixture.finishRuns(1);
    expect(steps).toEqual([1]);
  });

  it('gives up a job that five workers did not survive, and nobody else', async () => {
    await fixture.open();
    await fixture.submit('A1', 'B1');
    await fixture.work();
    for (let loss = 0; loss < 5; loss += 1) (await fixture.engine.begun(loss)).fail(new WorkerLostError());
    await fixture.finishRuns(5);
    expect(fixture.outcomes[0]).toMatchObject({
      ...{ kind: 'failed', job: { attempts: 5, failure: { code: 'worker_lost' } } },
    });
    expect(fixture.outcomes[1]?.kind).toBe('rendered');
  });

  it('runs a job alone that two workers did not survive', async () => {
    await fixture.open({ capacity: { slots: 2 } });
    await fixture.submit('A1', 'B1');
    await fixture.work();
    await fixture.engine.begun(1);
    fixture.engine.runs[0]?.fail(new WorkerLostError());
    (await fixture.engine.begun(2)).fail(new WorkerLostError());
    await wait();
    // B1 is still drawn.
    expect(fixture.engine.runs).toHaveLength(3);
    fixture.engine.runs[1]?.finish();
    expect((await fixture.engine.begun(3)).prompt).toBe('A1');
    await fixture.finishRuns(3);
  });

  it('counts the crashes of the engine and the losses of the worker apart', async () => {
    await fixture.open();
    await fixture.submit('A1');
    await fixture.work();
    for (let loss = 0; loss < 4; loss += 1) (await fixture.engine.begun(loss)).fail(new WorkerLostError());
    (await fixture.engine.begun(4)).fail(crash());
    await fixture.finishRuns(5);
    expect(fixture.outcomes[0]).toMatchObject({ kind: 'rendered', job: { attempts: 6, crashes: 1 } });
  });

  it('lets those who share a job wait for its next run, and draws it for them when its owner cancels', async () => {
    await fixture.open();
    const [a1] = await fixture.submit('A1');
    await fixture.queue.submit({ ...draftOf('B1'), task: draftOf('A1').task });
    await fixture.work();
    (await fixture.engine.begun(0)).fail(new WorkerLostError());
    await fixture.engine.begun(1);
    await fixture.queue.cancel(a1?.id ?? '');
    fixture.engine.runs[1]?.fail(new WorkerLostError());
    (await fixture.engine.begun(2)).finish();
    await fixture.ended(2);
    expect(fixture.outcomes.map(({ kind, job }) => `${job.owner.name} ${kind}`)).toEqual(['A cancelled', 'B rendered']);
  });

  it.each([
    ['restart', () => fixture.restart()],
    ['death', () => fixture.die()],
  ])('counts no %s of a process whose workers go on', async (_what, end) => {
    await fixture.open({ runsOutlive: true, capacity: { slots: 2 } });
    await fixture.submit('A1', 'B1');
    for (let process = 0; process < 7; process += 1) {
      await fixture.work();
      await fixture.engine.begun(1);
      const { runs } = fixture.engine;
      await end();
      expect(runs.map(({ aborted }) => aborted)).toEqual([false, false]);
    }
    await fixture.work();
    await fixture.finishAll(2);
    const ends = fixture.outcomes.map(({ kind, job }) => [kind, job.attempts]);
    expect(ends).toEqual([
      ['rendered', 1],
      ['rendered', 1],
    ]);
  });
}
