import { beforeEach, describe, expect, it } from 'vitest';
import { type EngineTask, type GenerationSpec, specOf } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import { chooseCapacity } from '../../src/queue/capacity.ts';
import { costOf } from '../../src/queue/cost.ts';
import { createRunQueue, type RunQueue } from '../../src/queue/run-queue.ts';
import { createControlledEngine } from '../doubles/controlled-engine.ts';
import { CHANNEL, personNamed, taskWith } from '../doubles/samples.ts';

describe('the line', () => {
  let line: RunQueue;
  let times = 0;
  /** A unit of cost takes a millisecond. */
  const estimator = (task: EngineTask) => () => costOf(task);

  /** `A1` is a request of person A; with `done` it runs, and is that far. */
  function ask(id: string, changes: Partial<GenerationSpec> = {}, weight?: number) {
    const job: Job = {
      ...{
        id,
        owner: personNamed(id.slice(0, 1)),
        channel: CHANNEL,
        task: taskWith({ prompt: id, ...changes }),
        state: 'queued',
      },
      ...{ attempts: 0, pictures: [], createdAt: times++, updatedAt: 0 },
      ...(weight !== undefined && { weight }),
    };
    return line.add(job);
  }

  function start(): void {
    const next = line.next();
    if (next === undefined) throw new Error('nothing may start');
    line.begin(next);
  }

  function finish(id: string): void {
    const entry = line.get(id);
    if (entry === undefined) throw new Error(`${id} is not there`);
    line.remove(entry);
    line.end(entry, 1);
  }

  const nobody = { people: 0, pictures: 0 };
  const aheadOf = (id: string) => line.snapshot({ jobs: [id], explain: true }).jobs[0]?.ahead;
  const placeOf = (id: string) => line.snapshot({ jobs: [id] }).jobs[0]?.place;
  const why = (id: string) => {
    const { own, hadLess, turns, cameFirst } = aheadOf(id) ?? {};
    return { own, hadLess, turns, cameFirst };
  };

  beforeEach(() => {
    line = createRunQueue({ slots: 1 }, estimator);
  });

  describe('of jobs of two models', () => {
    it('lets at most three of the model that is held go first, and keeps the order among them', () => {
      ask('A1', { model: 'held' });
      start();
      for (const person of ['B', 'C', 'D', 'E', 'F']) {
        ask(`${person}1`, { model: person === 'B' ? 'other' : 'held' });
      }
      const order: string[] = [];
      for (let running = 'A1'; line.inOrder().length > 0; ) {
        finish(running);
        const next = line.next();
        if (next === undefined) break;
        running = next.job.id;
        order.push(running);
        line.begin(next);
      }
      expect(order).toEqual(['C1', 'D1', 'E1', 'B1', 'F1']);
    });

    it('reads the other model when nobody waits for the one that is held', () => {
      ask('A1', { model: 'held' });
      start();
      ask('B1', { model: 'other' });
      finish('A1');
      expect(line.next()?.job.id).toBe('B1');
    });
  });

  describe('tells why a request waits', () => {
    it('behind people who have had less', () => {
      ask('A1');
      start();
      ask('A2');
      ask('B1', { count: 2 });
      ask('C1');
      expect(line.inOrder().map(({ job }) => job.id)).toEqual(['A1', 'B1', 'C1', 'A2']);
      expect(why('A2')).toEqual({ own: 0, hadLess: { people: 2, pictures: 3 }, turns: nobody, cameFirst: nobody });
    });

    it('behind people who asked first and have had as little', () => {
      ask('A1');
      start();
      ask('B1', { count: 4 });
      ask('C1');
      expect(why('C1')).toEqual({ own: 0, hadLess: nobody, turns: nobody, cameFirst: { people: 1, pictures: 4 } });
      expect(why('B1')).toEqual({ own: 0, hadLess: nobody, turns: nobody, cameFirst: nobody });
    });

    it('behind one’s own, and people whose turns come between them', () => {
      for (const id of ['A1', 'A2', 'A3', 'B1', 'B2']) ask(id);
      expect(line.inOrder().map(({ job }) => job.id)).toEqual(['A1', 'B1', 'A2', 'B2', 'A3']);
      expect(why('A3')).toEqual({ own: 2, hadLess: nobody, turns: { people: 1, pictures: 2 }, cameFirst: nobody });
    });

    it('and not of newcomers that they have had less than who was idle as long', () => {
      for (const id of ['A1', 'A2', 'A3']) ask(id);
      start();
      finish('A1');
      start();
      ask('B1');
      ask('C1');
      expect(why('C1')?.hadLess).toEqual(nobody);
      expect(why('C1')?.cameFirst).toEqual({ people: 1, pictures: 1 });
    });

    it('says when roles weigh in it, and nothing of what runs', () => {
      ask('A1', {}, 2);
      ask('B1');
      expect(aheadOf('B1')?.weighted).toBe(true);
      expect(aheadOf('A1')?.weighted).toBe(true);
      start();
      expect(aheadOf('A1')).toBeUndefined();
    });
  });

  describe('estimates', () => {
    it('by the work before, what has been done of it, and one’s own', () => {
      const first = ask('A1', { steps: 10 });
      ask('B1', { steps: 5 });
      start();
      first.done = 0.5;
      const step = costOf(taskWith({ steps: 1 }));
      expect(placeOf('A1')).toEqual({ position: 0, etaMs: 5 * step });
      expect(placeOf('B1')).toEqual({ position: 1, etaMs: 10 * step });
    });

    it('that those who run share the engine', () => {
      line = createRunQueue({ slots: 2 }, estimator);
      ask('A1', { steps: 10 });
      ask('B1', { steps: 4 });
      start();
      start();
      const step = costOf(taskWith({ steps: 1 }));
      expect(placeOf('B1')?.etaMs).toBe(8 * step);
      expect(placeOf('A1')?.etaMs).toBe(14 * step);
    });

    it('that devices draw side by side', () => {
      line = createRunQueue({ slots: 1, devices: 2 }, estimator);
      for (const [id, steps] of [
        ['A1', 10],
        ['B1', 4],
        ['C1', 3],
        ['D1', 5],
      ] as const)
        ask(id, { steps });
      start();
      start();
      const step = costOf(taskWith({ steps: 1 }));
      const etas = ['A1', 'B1', 'C1', 'D1'].map((id) => placeOf(id)?.etaMs);
      expect(etas).toEqual([10, 4, 7, 12].map((steps) => steps * step));
    });

    it('nothing where one of those before is of a model that was never measured', () => {
      const isNew = (task: EngineTask) => specOf(task).model === 'new';
      line = createRunQueue({ slots: 1 }, (task) => () => (isNew(task) ? undefined : 7));
      ask('A1');
      ask('B1', { model: 'new' });
      ask('C1');
      expect(placeOf('A1')).toEqual({ position: 1, etaMs: 7 });
      expect(placeOf('C1')).toEqual({ position: 3 });
    });
  });

  it('gives the room on a failed device to the next, while its job waits on the other', () => {
    line = createRunQueue({ slots: 1, devices: 2 }, estimator);
    for (const id of ['A1', 'B1', 'C1']) ask(id);
    start();
    start();
    const b1 = line.get('B1');
    if (b1 === undefined) throw new Error('B1 is not there');
    line.moveAway(b1);
    expect(b1.device).toBe(0);
    expect(line.next()).toMatchObject({ job: { id: 'C1' }, device: 1 });
    line.rest(1, true);
    expect(line.next()).toBeUndefined();
  });

  it('holds the slot of a cancelled job until the engine lets go of it', () => {
    const a1 = ask('A1');
    ask('B1');
    start();
    line.remove(a1);
    expect(line.inOrder().map(({ job }) => job.id)).toEqual(['B1']);
    expect(line.next()).toBeUndefined();
    line.end(a1, 0.5);
    expect(line.next()?.job.id).toBe('B1');
  });
});

describe('the capacity', () => {
  const describeEngine = async (slots: number, side: number) => {
    const description = await createControlledEngine().describe();
    const models = description.models.map((model) => ({ ...model, width: side, height: side }));
    return { ...description, models, slots };
  };
  const loadOfPictures = (count: number, side: number) => 2 * count * side ** 2;

  it('is the provider’s own slots and room for as many ordinary requests', async () => {
    expect(chooseCapacity({ count: 3 }, await describeEngine(4, 512))).toEqual({
      ...{ slots: 4, maxLoad: 4 * loadOfPictures(3, 512) },
    });
    expect(chooseCapacity({ count: 4 }, await describeEngine(1, 512)).slots).toBe(1);
  });

  it('is one call of single pictures for a small model on a processor, where memory allows', async () => {
    const small = await describeEngine(1, 128);
    expect(chooseCapacity({ count: 4 }, small)).toEqual({ slots: 4, maxLoad: loadOfPictures(4, 128) });
    expect(chooseCapacity({ count: 4, lowMemory: true }, small).slots).toBe(1);
  });

  it('is what is set', async () => {
    const capacity = chooseCapacity({ count: 3, concurrency: 2, maxRunningPerUser: 1 }, await describeEngine(1, 128));
    expect(capacity).toEqual({ slots: 2, maxLoad: 2 * loadOfPictures(3, 128), maxRunningPerUser: 1 });
  });
});
