import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../engine/index.ts';
import { WorkerLostError } from '../../src/queue/port.ts';
import { buttonsOf, createRecordingChannel, textOf } from '../doubles/recording-channel.ts';
import { createDeliverFixture, type DeliverFixture } from './deliver-fixture.ts';

describe('a job’s message', () => {
  let fixture: DeliverFixture;
  beforeEach(() => {
    fixture = createDeliverFixture();
  });
  afterEach(() => fixture.close());

  it('shows a job from its place in the line to its picture, all in one message', async () => {
    await fixture.work();
    await fixture.submit('A1');
    const b1 = await fixture.submit('B1');
    const run = await fixture.engine.begun(0);
    await fixture.shows(1, '**B1** – @B (waiting, 1st in the queue)');
    expect(buttonsOf(fixture.channel.messages[1])).toEqual(['❌']);
    run.finish();
    const second = await fixture.engine.begun(1);
    second.step(1, 4, true);
    await fixture.shows(1, '(25%)');
    expect(fixture.channel.messages[1]?.pictures[0]?.data).toEqual(Uint8Array.of(1));
    second.finish();
    await fixture.shows(1, '**B1** – @B\nseed 1 · 64×64 · 4 steps · guidance 1 · ddim');
    expect(fixture.channel.messages).toHaveLength(2);
    expect(buttonsOf(fixture.channel.messages[1])).toEqual([
      'Upscale ×1.5 ×2 ×4 🔄 ✏️',
      'Vary a little Vary a lot ⭐ 📄 🗑',
      'Enlarge ×2',
    ]);
    await fixture.reaches(b1.id, 'delivered');
  });

  it('follows its place in a long queue, however far back', async () => {
    await fixture.work();
    const jobs = [];
    for (let number = 0; number < 90; number += 1) jobs.push(await fixture.submit(`A${number}`));
    await fixture.shows(89, 'waiting, 89th in the queue');
    for (const { id } of jobs.slice(30, 40)) await fixture.queue.cancel(id);
    await fixture.shows(89, 'waiting, 79th in the queue');
    await fixture.shows(29, 'waiting, 29th in the queue');
  });

  it('shows one drawing to two people who asked for the same, and again to who asks later, and says that then', async () => {
    await fixture.work();
    await fixture.submit('A1', { prompt: 'the same' });
    await fixture.submit('B1', { prompt: 'the same' });
    const run = await fixture.engine.begun(0);
    run.step(1, 4);
    await fixture.shows(0, '(25%)');
    await fixture.shows(1, '**the same** – @B (25%)');
    run.finish();
    await fixture.shows(0, '**the same** – @A\nseed 1');
    await fixture.shows(1, '**the same** – @B\nseed 1');
    expect(textOf(fixture.channel.messages[1])).not.toContain('again');
    const c1 = await fixture.submit('C1', { prompt: 'the same' });
    await fixture.shows(
      2,
      '**the same** – @C\nseed 1 · 64×64 · 4 steps · guidance 1 · ddim\nThis picture was made before; it is shown again.',
    );
    expect(fixture.channel.messages[2]?.pictures).toHaveLength(1);
    await fixture.reaches(c1.id, 'delivered');
    expect(fixture.engine.runs).toHaveLength(1);
    expect(fixture.channel.messages).toHaveLength(3);
  });

  it('tells everyone who waits for a picture that the engine stopped answering and draws it again', async () => {
    await fixture.work();
    await fixture.submit('A1', { prompt: 'the same' });
    await fixture.submit('B1', { prompt: 'the same' });
    (await fixture.engine.begun(0)).fail(new EngineError('engine_crashed', 'It hung.', { cause: 'hung' }));
    const again = await fixture.engine.begun(1);
    const said = 'The engine stopped answering and was restarted; this picture is drawn again.';
    for (const index of [0, 1]) await fixture.shows(index, said);
    again.step(1, 4);
    for (const index of [0, 1]) await fixture.shows(index, `(25%)\n${said}`);
    again.finish();
    await fixture.shows(0, '**the same** – @A\nseed 1');
    expect(textOf(fixture.channel.messages[0])).not.toContain(said);
  });

  it('tells that what drew the picture was lost, and that it is drawn again', async () => {
    await fixture.work();
    await fixture.submit('A1');
    (await fixture.engine.begun(0)).fail(new WorkerLostError());
    (await fixture.engine.begun(1)).step(1, 4);
    await fixture.shows(0, '(25%)\nWhat drew this picture stopped unexpectedly; it is drawn again.');
    fixture.engine.runs[1]?.finish();
    await fixture.shows(0, '**A1** – @A\nseed 1');
  });

  it('offers each picture of a grid to be enlarged and varied', async () => {
    await fixture.work();
    await fixture.submit('A1', { count: 3, seed: 0 });
    (await fixture.engine.begun(0)).finish();
    await fixture.shows(0, 'seed 0 to 2');
    expect(buttonsOf(fixture.channel.messages[0])).toEqual(['U1 U2 U3 🔄', 'V1 V2 V3 🗑', '✏️ ⭐ 📄']);
    expect(fixture.channel.messages[0]?.pictures[0]?.data).toEqual(Buffer.from([0, 0, 0, 1, 1, 1, 2, 2, 2]));
  });

  it('moves everyone’s place up as the line gets shorter, and says how long it will take', async () => {
    await fixture.work();
    for (const id of ['A1', 'B1', 'C1']) await fixture.submit(id);
    await fixture.shows(2, 'waiting, 2nd in the queue');
    (await fixture.engine.begun(0)).finish();
    await fixture.shows(2, 'waiting, 1st in the queue, ~1 s');
  });

  it('keeps the newest preview while steps without one go on', async () => {
    await fixture.work();
    await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    run.step(1, 4, true);
    await fixture.shows(0, '(25%)');
    run.step(2, 4);
    await fixture.shows(0, '(50%)');
    expect(fixture.channel.messages[0]?.pictures).toHaveLength(1);
  });

  it('leaves out previews where the platform cannot show them', async () => {
    await fixture.work(createRecordingChannel({ previews: false }));
    await fixture.submit('A1');
    (await fixture.engine.begun(0)).step(1, 4, true);
    await fixture.shows(0, '(25%)');
    expect(fixture.channel.messages[0]?.pictures).toEqual([]);
  });

  it('spaces the edits of a message as the platform asks, and skips what is old by then', async () => {
    await fixture.work(createRecordingChannel({ minEditIntervalMs: 200 }));
    await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    await fixture.shows(0, 'starting');
    for (let step = 1; step <= 100; step += 1) run.step(step, 100);
    await fixture.shows(0, '(100%)');
    expect(fixture.channel.history(0)).toHaveLength(2);
  });

  it('says why a job failed, and offers another try only where that makes sense', async () => {
    await fixture.work();
    for (const id of ['A1', 'B1', 'C1']) await fixture.submit(id);
    (await fixture.engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
    (await fixture.engine.begun(1)).fail(new EngineError('out_of_memory', 'There was not enough memory for this.'));
    (await fixture.engine.begun(2)).fail(new TypeError('x is not a function'));
    await fixture.shows(0, '**A1** – @A (failed)\nWidth must be a multiple of 8; try 512.');
    expect(buttonsOf(fixture.channel.messages[0])).toEqual([]);
    await fixture.shows(1, 'There was not enough memory for this.');
    expect(buttonsOf(fixture.channel.messages[1])).toEqual(['🔄 ✏️']);
    await expect
      .poll(() => textOf(fixture.channel.messages[2]))
      .toMatch(/error occurred in Easel.*reference [0-9a-f]{8}\./);
    expect(textOf(fixture.channel.messages[2])).not.toContain('not a function');
  });

  it('shows that a job goes on when the engine died under it', async () => {
    await fixture.work();
    await fixture.submit('A1');
    const run = await fixture.engine.begun(0);
    run.step(2, 4, true);
    await fixture.shows(0, '(50%)');
    run.fail(new EngineError('engine_crashed', 'The engine died.'));
    const again = await fixture.engine.begun(1);
    await fixture.shows(0, 'restarting');
    again.finish();
    await fixture.shows(0, 'seed 1');
    expect(fixture.channel.messages).toHaveLength(1);
  });

  it('shows a cancelled job as cancelled, with a way to ask again', async () => {
    await fixture.work();
    const job = await fixture.submit('A1');
    await fixture.engine.begun(0);
    await fixture.queue.cancel(job.id);
    await fixture.shows(0, '(cancelled)');
    expect(buttonsOf(fixture.channel.messages[0])).toEqual(['🔄 ✏️']);
  });
});
