import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../engine/index.ts';
import { buttonsOf, createRecordingChannel, textOf } from '../doubles/recording-channel.ts';
import { createStage, type Stage } from './stage.ts';

describe('a job’s message', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = createStage();
  });
  afterEach(() => stage.close());

  it('shows a job from its place in the line to its picture, all in one message', async () => {
    await stage.work();
    await stage.submit('A1');
    const b1 = await stage.submit('B1');
    const run = await stage.engine.begun(0);
    await stage.shows(1, '**B1** – @B (waiting, 1st in line)');
    expect(buttonsOf(stage.channel.messages[1])).toEqual(['❌']);
    run.finish();
    const second = await stage.engine.begun(1);
    second.step(1, 4, true);
    await stage.shows(1, '(25%)');
    expect(stage.channel.messages[1]?.pictures[0]?.data).toEqual(Uint8Array.of(1));
    second.finish();
    await stage.shows(1, '**B1** – @B\nseed 1 · 64×64 · 4 steps · guidance 1 · ddim');
    expect(stage.channel.messages).toHaveLength(2);
    expect(buttonsOf(stage.channel.messages[1])).toEqual([
      'Upscale ×1.5 ×2 ×4 🔄 ✏️',
      'Vary a little Vary a lot ⭐ 📄 🗑',
      'Enlarge ×2',
    ]);
    await stage.reaches(b1.id, 'delivered');
  });

  it('shows one drawing to two people who asked for the same, and again to who asks later, and says that then', async () => {
    await stage.work();
    await stage.submit('A1', { prompt: 'the same' });
    await stage.submit('B1', { prompt: 'the same' });
    const run = await stage.engine.begun(0);
    run.step(1, 4);
    await stage.shows(0, '(25%)');
    await stage.shows(1, '**the same** – @B (25%)');
    run.finish();
    await stage.shows(0, '**the same** – @A\nseed 1');
    await stage.shows(1, '**the same** – @B\nseed 1');
    expect(textOf(stage.channel.messages[1])).not.toContain('again');
    const c1 = await stage.submit('C1', { prompt: 'the same' });
    await stage.shows(2, '**the same** – @C\nseed 1 · 64×64 · 4 steps · guidance 1 · ddim\nDrawn before, shown again.');
    expect(stage.channel.messages[2]?.pictures).toHaveLength(1);
    await stage.reaches(c1.id, 'delivered');
    expect(stage.engine.runs).toHaveLength(1);
    expect(stage.channel.messages).toHaveLength(3);
  });

  it('tells everyone who waits for a picture that the engine stopped answering and draws it again', async () => {
    await stage.work();
    await stage.submit('A1', { prompt: 'the same' });
    await stage.submit('B1', { prompt: 'the same' });
    (await stage.engine.begun(0)).fail(new EngineError('engine_crashed', 'It hung.', { cause: 'hung' }));
    const again = await stage.engine.begun(1);
    const said = 'The engine stopped answering and was restarted; this is drawn again.';
    for (const index of [0, 1]) await stage.shows(index, said);
    again.step(1, 4);
    for (const index of [0, 1]) await stage.shows(index, `(25%)\n${said}`);
    again.finish();
    await stage.shows(0, '**the same** – @A\nseed 1');
    expect(textOf(stage.channel.messages[0])).not.toContain(said);
  });

  it('offers each picture of a grid to be enlarged and varied', async () => {
    await stage.work();
    await stage.submit('A1', { count: 3, seed: 0 });
    (await stage.engine.begun(0)).finish();
    await stage.shows(0, 'seed 0 to 2');
    expect(buttonsOf(stage.channel.messages[0])).toEqual(['U1 U2 U3 🔄', 'V1 V2 V3 🗑', '✏️ ⭐ 📄']);
    expect(stage.channel.messages[0]?.pictures[0]?.data).toEqual(Buffer.from([0, 0, 0, 1, 1, 1, 2, 2, 2]));
  });

  it('moves everyone’s place up as the line gets shorter, and says how long it will take', async () => {
    await stage.work();
    for (const id of ['A1', 'B1', 'C1']) await stage.submit(id);
    await stage.shows(2, 'waiting, 2nd in line');
    (await stage.engine.begun(0)).finish();
    await stage.shows(2, 'waiting, 1st in line, ~1 s');
  });

  it('keeps the newest preview while steps without one go on', async () => {
    await stage.work();
    await stage.submit('A1');
    const run = await stage.engine.begun(0);
    run.step(1, 4, true);
    await stage.shows(0, '(25%)');
    run.step(2, 4);
    await stage.shows(0, '(50%)');
    expect(stage.channel.messages[0]?.pictures).toHaveLength(1);
  });

  it('leaves out previews where the platform cannot show them', async () => {
    await stage.work(createRecordingChannel({ previews: false }));
    await stage.submit('A1');
    (await stage.engine.begun(0)).step(1, 4, true);
    await stage.shows(0, '(25%)');
    expect(stage.channel.messages[0]?.pictures).toEqual([]);
  });

  it('spaces the edits of a message as the platform asks, and skips what is old by then', async () => {
    await stage.work(createRecordingChannel({ minEditIntervalMs: 200 }));
    await stage.submit('A1');
    const run = await stage.engine.begun(0);
    await stage.shows(0, 'starting');
    for (let step = 1; step <= 100; step += 1) run.step(step, 100);
    await stage.shows(0, '(100%)');
    expect(stage.channel.history(0)).toHaveLength(2);
  });

  it('says why a job failed, and offers another try only where that makes sense', async () => {
    await stage.work();
    for (const id of ['A1', 'B1', 'C1']) await stage.submit(id);
    (await stage.engine.begun(0)).fail(new EngineError('bad_request', 'Width must be a multiple of 8; try 512.'));
    (await stage.engine.begun(1)).fail(new EngineError('out_of_memory', 'There was not enough memory for this.'));
    (await stage.engine.begun(2)).fail(new TypeError('x is not a function'));
    await stage.shows(0, '**A1** – @A (failed)\nWidth must be a multiple of 8; try 512.');
    expect(buttonsOf(stage.channel.messages[0])).toEqual([]);
    await stage.shows(1, 'There was not enough memory for this.');
    expect(buttonsOf(stage.channel.messages[1])).toEqual(['🔄 ✏️']);
    await expect.poll(() => textOf(stage.channel.messages[2])).toMatch(/inside Easel.*reference [0-9a-f]{8}\./);
    expect(textOf(stage.channel.messages[2])).not.toContain('not a function');
  });

  it('shows that a job goes on when the engine died under it', async () => {
    await stage.work();
    await stage.submit('A1');
    const run = await stage.engine.begun(0);
    run.step(2, 4, true);
    await stage.shows(0, '(50%)');
    run.fail(new EngineError('engine_crashed', 'The engine died.'));
    const again = await stage.engine.begun(1);
    await stage.shows(0, 'starting again');
    again.finish();
    await stage.shows(0, 'seed 1');
    expect(stage.channel.messages).toHaveLength(1);
  });

  it('shows a cancelled job as cancelled, with a way to ask again', async () => {
    await stage.work();
    const job = await stage.submit('A1');
    await stage.engine.begun(0);
    await stage.queue.cancel(job.id);
    await stage.shows(0, '(cancelled)');
    expect(buttonsOf(stage.channel.messages[0])).toEqual(['🔄 ✏️']);
  });
});
