import { describe, expect, it } from 'vitest';
import { formatImagine } from '../../../commands/imagine/format-prompt.ts';
import { buttons } from '../../../commands/index.ts';
import { quoteWord } from '../../../commands/parsing/quote.ts';
import { type GenerationSpec, specOf } from '../../../engine/index.ts';
import { BUTTON_ACTIONS } from '../../../src/core/button.ts';
import { formatParameters } from '../../../src/core/parameters.ts';
import { parseParameters } from '../../../src/core/parse-parameters.ts';
import { ada, ben, createCommandFixture, lobby } from '../command-fixture.ts';

async function finishedGrid(text = 'a fox --seed 7 --count 4', given: Parameters<typeof createCommandFixture>[0] = {}) {
  const fixture = createCommandFixture(given);
  const job = fixture.finish(await fixture.imagine(ada, text));
  return { fixture, job, spec: specOf(job.task) };
}

describe('🔄', () => {
  it('asks for the same with a new seed, as the work of the person who pressed', async () => {
    const { fixture, job, spec } = await finishedGrid();
    expect(await fixture.press(ben, 'reroll', job)).toEqual({ kind: 'posted' });
    expect(fixture.queue.last()).toMatchObject({
      owner: ben,
      channel: lobby,
      parent: { jobId: job.id, index: 0 },
      task: { kind: 'generate', spec: { ...spec, seed: 1000 } },
    });
  });

  it('on variations asks for other variations of the same picture', async () => {
    const { fixture, job } = await finishedGrid();
    await fixture.press(ada, 'vary', job, 1);
    const varied = fixture.finish(fixture.queue.last());
    await fixture.press(ada, 'reroll', varied);
    expect(specOf(fixture.queue.last().task)).toMatchObject({ seed: 8, variations: [{ seed: 1001, strength: 0.35 }] });
  });

  it('on an enlargement asks for a new grid of its prompt', async () => {
    const { fixture, job } = await finishedGrid('a fox --count 3');
    await fixture.press(ada, 'upscale', job, 2);
    await fixture.press(ada, 'reroll', fixture.finish(fixture.queue.last()));
    const { task } = fixture.queue.last();
    expect(task.kind).toBe('generate');
    expect(specOf(task)).toMatchObject({ prompt: 'a fox', count: 3, width: 128, height: 128, seed: 1001 });
  });

  it('works on a picture that failed', async () => {
    const { fixture, job } = await finishedGrid();
    fixture.queue.put({ ...job, state: 'failed', pictures: [] });
    expect(await fixture.press(ada, 'reroll', job)).toEqual({ kind: 'posted' });
  });
});

describe('V1–V4', () => {
  it('vary the picture pressed, with as many as the grid has', async () => {
    const { fixture, job, spec } = await finishedGrid();
    await fixture.press(ben, 'vary', job, 2);
    const expected: GenerationSpec = { ...spec, seed: 9, variations: [{ seed: 1000, strength: 0.35 }] };
    expect(fixture.queue.last()).toMatchObject({ owner: ben, parent: { jobId: job.id, index: 2 } });
    expect(specOf(fixture.queue.last().task)).toEqual(expected);
  });

  it('add to the variations a picture already has', async () => {
    const { fixture, job } = await finishedGrid();
    await fixture.press(ada, 'vary', job, 0);
    await fixture.press(ada, 'vary_subtle', fixture.finish(fixture.queue.last()), 3);
    expect(specOf(fixture.queue.last().task)).toMatchObject({
      seed: 7,
      count: 4,
      variations: [
        { seed: 1003, strength: 0.35 },
        { seed: 1001, strength: 0.2 },
      ],
    });
  });

  it('of an enlargement vary the picture it was made from', async () => {
    const { fixture, job } = await finishedGrid();
    await fixture.press(ada, 'upscale', job, 1);
    await fixture.press(ada, 'vary_strong', fixture.finish(fixture.queue.last()));
    const { task } = fixture.queue.last();
    expect(task.kind).toBe('generate');
    expect(specOf(task)).toMatchObject({ seed: 8, count: 4, variations: [{ seed: 1000, strength: 0.6 }] });
  });
});

describe('U1–U4', () => {
  it('double the picture pressed, and an enlargement again', async () => {
    const { fixture, job, spec } = await finishedGrid();
    await fixture.press(ada, 'upscale', job, 3);
    const once = fixture.queue.last().task;
    const source = { kind: 'generate', spec: { ...spec, seed: 10, count: 1 } };
    expect(once).toEqual({ kind: 'upscale', source, factor: 2, strength: 0.35 });
    await fixture.press(ada, 'upscale', fixture.finish(fixture.queue.last()));
    expect(fixture.queue.last().task).toMatchObject({ kind: 'upscale', source: once });
  });

  it('are plain when asked so: the pixels enlarged, nothing drawn anew', async () => {
    const { fixture, job } = await finishedGrid('a fox --count 1');
    await fixture.press(ada, 'enlarge', job);
    expect(fixture.queue.last().task).toMatchObject({ kind: 'upscale', factor: 2, mode: 'lanczos', strength: 0 });
  });

  it('use the first upscaler model where there is one, and the recipe says so', async () => {
    const { fixture, job } = await finishedGrid('a fox --count 1', { upscalers: ['RealESRGAN_x4plus', 'sharp'] });
    await fixture.press(ada, 'upscale', job);
    const by = { factor: 2, mode: 'lanczos', upscaler: 'RealESRGAN_x4plus' } as const;
    expect(fixture.queue.last().task).toMatchObject({ ...by, strength: 0.35 });
    const recipe = formatParameters(fixture.queue.last().task, 'Sketch');
    expect(recipe).toContain('Hires upscaler: RealESRGAN_x4plus');
    expect(parseParameters(recipe)?.recipe).toMatchObject({ kind: 'upscale', ...by });
    await fixture.press(ada, 'enlarge', job);
    expect(fixture.queue.last().task).toMatchObject({ ...by, strength: 0 });
  });

  it.each(['4x Ultra "Sharp"', '4x-(a)'])('name an upscaler in a recipe so that it is read back: %s', async (name) => {
    const { fixture } = await finishedGrid('a fox', { upscalers: [name] });
    const asked = await fixture.imagine(ada, `a fox --hires 2 --upscaler ${quoteWord(name)}`);
    expect(specOf(asked.task).hires).toMatchObject({ mode: 'lanczos', upscaler: name });
    expect(formatImagine(specOf(asked.task))).toContain(`--upscaler ${quoteWord(name)}`);
  });

  it('stop at the largest size with a sentence', async () => {
    const { fixture, job } = await finishedGrid('a fox --size 2048x1024 --count 1');
    await expect(fixture.press(ada, 'upscale_4', job)).rejects.toHaveProperty(
      'userMessage',
      '×4 would make this picture 8192×4096, but the limit is 4096 pixels per side; choose a smaller factor or picture.',
    );
  });
});

describe('buttons that cannot work say why', () => {
  it.each(BUTTON_ACTIONS)('%s on a deleted picture', async (action) => {
    const { fixture, job } = await finishedGrid();
    await fixture.press(ada, 'delete', job);
    const before = fixture.queue.jobs.size;
    await expect(fixture.press(ada, action, job)).rejects.toHaveProperty(
      'userMessage',
      'That picture was deleted; use `/imagine` to make a new one.',
    );
    expect(fixture.queue.jobs.size).toBe(before);
  });

  it.each(['vary', 'upscale'] as const)(
    '%s on a picture that is not finished, never was, or is not in the grid',
    async (action) => {
      const fixture = createCommandFixture();
      const waiting = await fixture.imagine(ada, 'a fox');
      await expect(fixture.press(ada, action, waiting)).rejects.toHaveProperty(
        'userMessage',
        'That picture is not finished yet; press again when it is.',
      );
      const grid = fixture.finish(waiting);
      await expect(fixture.press(ada, action, grid, 7)).rejects.toHaveProperty(
        'userMessage',
        'There is no picture 8 here; this one has 4.',
      );
      fixture.queue.put({ ...grid, state: 'cancelled', pictures: [] });
      await expect(fixture.press(ada, action, grid)).rejects.toHaveProperty(
        'userMessage',
        'That picture was never finished; press 🔄 or use `/imagine` to make it again.',
      );
    },
  );

  it('cancel and delete are the author’s', async () => {
    const fixture = createCommandFixture();
    const job = await fixture.imagine(ada, 'a fox');
    await expect(fixture.press(ben, 'cancel', job)).rejects.toHaveProperty(
      'userMessage',
      'Only Ada, who requested it, and moderators can cancel this.',
    );
    fixture.finish(job);
    await expect(fixture.press(ben, 'delete', job)).rejects.toHaveProperty(
      'userMessage',
      'Only Ada, who requested it, and moderators can delete this.',
    );
    expect(fixture.queue.jobs.get(job.id)?.state).toBe('delivered');
  });

  it('a picture that is finished cannot be cancelled, and one that is not cannot be deleted', async () => {
    const fixture = createCommandFixture();
    const job = await fixture.imagine(ada, 'a fox');
    await expect(fixture.press(ada, 'delete', job)).rejects.toHaveProperty(
      'userMessage',
      'That picture is still being made; cancel it first.',
    );
    fixture.finish(job);
    await expect(fixture.press(ada, 'cancel', job)).rejects.toHaveProperty(
      'userMessage',
      'That picture is no longer being made; there is nothing to cancel.',
    );
  });
});

it('the author cancels with a button, once', async () => {
  const fixture = createCommandFixture();
  const job = await fixture.imagine(ada, 'a fox');
  expect(await fixture.press(ada, 'cancel', job)).toEqual({ kind: 'posted' });
  expect(fixture.queue.jobs.get(job.id)?.state).toBe('cancelled');
  await expect(fixture.press(ada, 'cancel', job)).rejects.toHaveProperty('code', 'already_ended');
});

it('every button has a handler', () => {
  expect(Object.keys(buttons).toSorted()).toEqual([...BUTTON_ACTIONS].toSorted());
});
