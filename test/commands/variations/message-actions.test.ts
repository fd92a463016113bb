import { describe, expect, it } from 'vitest';
import { describeJobRecipe } from '../../../commands/recipes/recipe.ts';
import { privateReply } from '../../../commands/replies.ts';
import { specOf } from '../../../engine/index.ts';
import { encodeButtonId } from '../../../src/core/button.ts';
import { formatParameters } from '../../../src/core/parameters.ts';
import { encodeCandidateChoice } from '../../../src/core/recipe-candidates.ts';
import { encodePng, encodeWebp } from '../../../src/image/encode.ts';
import type { DispatchResult } from '../../../src/platforms/port.ts';
import { ada, ben, createCommandFixture, fileOf, readLines } from '../command-fixture.ts';

const image = { width: 8, height: 8, rgb: new Uint8Array(8 * 8 * 3) };

/** As AUTOMATIC1111 1.10 writes it. */
const A1111 = `a lighthouse, (storm:1.2) <lora:ink:0.7>
Negative prompt: blurry
Steps: 25, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 4000000000, Size: 512x768, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Clip skip: 2, Version: v1.10.1`;

const pngWith = async (text: string) => fileOf(await encodePng(image, text));

async function posted(text = 'a fox --seed 7') {
  const fixture = createCommandFixture();
  const job = fixture.finish(await fixture.imagine(ada, text));
  return { fixture, job, buttonIds: [encodeButtonId({ action: 'reroll', jobId: job.id, index: 0 }), 'not ours'] };
}

function choose(fixture: ReturnType<typeof createCommandFixture>, asked: DispatchResult, label: string) {
  const buttons = asked.kind === 'private' ? asked.reply.buttons.flat() : [];
  const button = buttons.find((one) => one.label === label);
  if (button === undefined) throw new Error(`no button ${label}`);
  return fixture.pressCandidate(ben, button.id);
}

describe('Vary this', () => {
  it('asks which one of a grid, and varies a picture alone', async () => {
    const { fixture, buttonIds } = await posted();
    const asked = await fixture.act(ben, 'vary', { buttonIds });
    expect(asked).toMatchObject({ kind: 'private', reply: { buttons: [[{ label: 'V1' }, {}, {}, { label: 'V4' }]] } });
    const single = await posted('a fox --seed 7 --count 1');
    expect(await single.fixture.act(ben, 'vary', { buttonIds: single.buttonIds })).toEqual({ kind: 'posted' });
    expect(single.fixture.queue.last()).toMatchObject({ owner: ben, parent: { jobId: single.job.id, index: 0 } });
  });

  it('works on a picture that was uploaded again, PNG or WebP, with nothing but its file', async () => {
    const { job } = await posted('a fox --seed 7 --guidance 0 --no snow --size 64x96');
    const text = formatParameters(job.pictures[1]?.recipe ?? job.task, 'Sketch');
    for (const file of [await pngWith(text), fileOf(await encodeWebp(image, 80, text), 'image/webp')]) {
      const fixture = createCommandFixture();
      expect(await fixture.act(ben, 'vary', { pictures: [file] })).toEqual({ kind: 'posted' });
      expect(specOf(fixture.queue.last().task)).toEqual({
        ...specOf(job.task),
        ...{ seed: 8, count: 4, variations: [{ seed: 1000, strength: 0.35 }] },
      });
      expect(fixture.queue.last().parentMessage).toMatchObject({ messageId: 'm7' });
    }
  });

  it('asks which one of a grid that was uploaded again, and of several files; the one that is chosen is varied', async () => {
    const { job } = await posted('a fox --seed 7');
    const grid = await pngWith(formatParameters(job.task, 'Sketch'));
    const fixture = createCommandFixture();
    const asked = await fixture.act(ben, 'vary', { pictures: [grid] });
    expect(asked).toMatchObject({ kind: 'private', reply: { buttons: [[{ label: 'V1' }, {}, {}, { label: 'V4' }]] } });
    expect(await choose(fixture, asked, 'V3')).toEqual({ kind: 'posted' });
    expect(specOf(fixture.queue.last().task)).toMatchObject({ prompt: 'a fox', seed: 9, count: 4 });
    expect(fixture.queue.last().parentMessage).toMatchObject({ messageId: 'm7' });

    const both = await fixture.act(ben, 'vary', { pictures: [grid, await pngWith(A1111)] });
    expect(await choose(fixture, both, 'V5')).toEqual({ kind: 'posted' });
    expect(specOf(fixture.queue.last().task)).toMatchObject({ prompt: 'a lighthouse, (storm:1.2) <lora:ink:0.7>' });
  });

  it('a choice that is a day old is no longer open', async () => {
    const fixture = createCommandFixture();
    const id = encodeCandidateChoice({ candidatesId: '0', index: 0 });
    await expect(fixture.pressCandidate(ben, id)).rejects.toHaveProperty(
      'userMessage',
      'This choice has expired; choose *Vary this* on the message again.',
    );
  });

  it('of a batch by AUTOMATIC1111 each file is one picture', async () => {
    const fixture = createCommandFixture();
    const text = A1111.replace('Clip skip: 2', 'Batch size: 4, Batch pos: 2');
    expect(await fixture.act(ben, 'vary', { pictures: [await pngWith(text)] })).toEqual({ kind: 'posted' });
  });

  it('works on a picture by AUTOMATIC1111, and says by which model', async () => {
    const fixture = createCommandFixture();
    await fixture.act(ben, 'vary', { pictures: [await pngWith(A1111)] });
    expect(specOf(fixture.queue.last().task)).toMatchObject({
      ...{ prompt: 'a lighthouse, (storm:1.2) <lora:ink:0.7>', negative: 'blurry', steps: 25, guidance: 6.5 },
      ...{ sampler: 'dpmpp_2m_karras', seed: 4e9, width: 512, height: 768, clipSkip: 2, noiseDevice: 'cuda' },
      model: 'sketch',
    });
    expect(fixture.queue.last().notes).toEqual([
      'The file names the model v1-5-pruned-emaonly, which is not available here; sketch is used.',
    ]);
  });

  it('believes no file that names a picture of somebody to begin from', async () => {
    const fixture = createCommandFixture();
    const pictures = [await pngWith(A1111.replace('Clip skip: 2', 'Init image: ../../etc/passwd, Init strength: 0.5'))];
    await expect(fixture.act(ben, 'vary', { pictures })).rejects.toHaveProperty(
      'userMessage',
      'That picture was made from an init image, which its file does not contain; give that image to `/imagine --init`.',
    );
    expect(fixture.queue.jobs.size).toBe(0);
  });

  it('says so when there is no picture, or none that says how it was made', async () => {
    const fixture = createCommandFixture();
    await expect(fixture.act(ben, 'vary', {})).rejects.toHaveProperty(
      'userMessage',
      'There is no picture on that message.',
    );
    await expect(fixture.act(ben, 'vary', { pictures: [fileOf(await encodePng(image))] })).rejects.toHaveProperty(
      'userMessage',
      'That picture has no generation parameters; files from Easel and AUTOMATIC1111 have them, unless another program saved them again.',
    );
  });
});

describe('Show recipe', () => {
  it('tells of a message’s job how to make it again', async () => {
    const { fixture, job, buttonIds } = await posted('a fox --seed 7 --no snow');
    const expected = [
      'Prompt a fox',
      'Negative prompt snow',
      'seed 7 · 128×128 · 20 steps · guidance 4 · DPM++ 2M · Sketch',
      '/imagine a fox --negative "snow" --width 128 --height 128 --seed 7 --steps 20 --guidance 4 --sampler dpmpp_2m --count 4 --model sketch --style none',
      'Picture n has seed + n − 1.',
    ];
    expect(readLines(await fixture.act(ben, 'recipe', { buttonIds }))).toEqual(expected);
    expect(readLines(await fixture.press(ben, 'recipe', job))).toEqual(expected);
    const again = { pictures: [await pngWith(formatParameters(job.task, 'sketch'))] };
    expect(readLines(await fixture.act(ben, 'recipe', again)).at(-1)).toBe(expected.at(-1));
  });

  it('says where a model draws with another sampler than its own', async () => {
    const { fixture, job } = await posted('a fox --seed 7');
    const models = fixture.context.engine.models.map((model) => ({
      ...model,
      samplerNote: `${model.id}: it draws with another.`,
    }));
    const told = (of: typeof job) =>
      readLines(
        privateReply(describeJobRecipe(of, { ...fixture.context, engine: { ...fixture.context.engine, models } })),
      );
    expect(told(job)).toContain('sketch: it draws with another.');
    const other = fixture.finish(await fixture.imagine(ada, 'a fox --seed 7 --sampler heun'));
    expect(told(other).join()).not.toContain('it draws with another');
  });

  it('tells of any picture what its file says, also what Easel could not repeat', async () => {
    const fixture = createCommandFixture();
    const lines = readLines(await fixture.act(ben, 'recipe', { pictures: [await pngWith(A1111)] }));
    expect(lines.slice(0, 3)).toEqual([
      'Prompt a lighthouse, (storm:1.2) <lora:ink:0.7>',
      'Negative prompt blurry',
      'seed 4000000000 · 512×768 · 25 steps · guidance 6.5 · DPM++ 2M Karras · v1-5-pruned-emaonly · clip skip 2',
    ]);
    const odd = 'a lighthouse, drawn by hand';
    expect(readLines(await fixture.act(ben, 'recipe', { pictures: [await pngWith(odd)] }))).toEqual([
      'Easel cannot read these generation parameters, so it cannot repeat the picture:',
      odd,
    ]);
    await expect(fixture.act(ben, 'recipe', {})).rejects.toHaveProperty('code', 'no_picture');
  });
});
