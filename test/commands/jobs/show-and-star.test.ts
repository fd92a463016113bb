import { describe, expect, it } from 'vitest';
import { decodeButtonId } from '../../../src/core/button.ts';
import type { Job } from '../../../src/core/job.ts';
import type { DispatchResult } from '../../../src/platforms/port.ts';
import { ada, ben, createCommandFixture, readLines } from '../command-fixture.ts';

async function threePictures() {
  const fixture = createCommandFixture();
  const jobs: Job[] = [];
  for (const prompt of ['first', 'second', 'third']) jobs.push(fixture.finish(await fixture.imagine(ada, prompt)));
  await fixture.imagine(ada, 'still waiting');
  const [first, second, third] = jobs;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were made');
  return { fixture, first, second, third };
}

const buttonsOf = (result: DispatchResult) => (result.kind === 'private' ? result.reply.buttons.flat() : []);
const find = (result: DispatchResult, label: string) => buttonsOf(result).find((button) => button.label === label);

describe('/show', () => {
  it('shows one’s latest finished picture again, with its buttons and the way to older ones', async () => {
    const { fixture, second } = await threePictures();
    const result = await fixture.say(ada, 'show');
    expect(readLines(result)[0]).toContain('third – @Ada');
    expect(readLines(result).at(-1)).toBe('1 of 3 of your pictures');
    expect(result).toMatchObject({ kind: 'private', reply: { pictures: [{ alt: 'a picture' }] } });
    expect(find(result, 'U1')).toBeDefined();
    expect(find(result, '◀ Newer')).toBeUndefined();
    const older = decodeButtonId(find(result, 'Older ▶')?.id ?? '');
    expect(older).toEqual({ action: 'show', jobId: second.id, index: 0 });
    const next = await fixture.press(ada, 'show', second);
    expect(readLines(next).at(-1)).toBe('2 of 3 of your pictures');
    expect(find(next, '◀ Newer')).toBeDefined();
  });

  it('finds a picture by its place or its job, also when its message or channel is gone', async () => {
    const { fixture, first } = await threePictures();
    fixture.queue.put({ ...first, channel: { platform: 'web', channelId: 'gone' } });
    expect(readLines(await fixture.say(ada, 'show', '3'))[0]).toContain('first – @Ada');
    expect(readLines(await fixture.say(ada, 'show', '', { which: first.id }))[0]).toContain('first – @Ada');
  });

  it('says what there is when it finds nothing', async () => {
    const { fixture, first } = await threePictures();
    const refusal = (text: string, who = ada) => expect(fixture.say(who, 'show', text)).rejects;
    await refusal('7').toHaveProperty('userMessage', 'You have 3 finished pictures, so there is no number 7.');
    await refusal('', ben).toHaveProperty('userMessage', 'You have no finished pictures yet; `/imagine` makes one.');
    await refusal('nosuchjob').toHaveProperty('code', 'no_picture');
    await refusal('starred').toHaveProperty(
      'userMessage',
      'You have no starred pictures yet; press ⭐ below a picture to star it.',
    );
    await fixture.press(ada, 'delete', first);
    await refusal('3').toHaveProperty('code', 'no_picture');
  });

  it('keeps pictures of other channels to those who were there', async () => {
    const { fixture, first } = await threePictures();
    fixture.queue.put({ ...first, channel: { platform: 'web', channelId: 'secret' } });
    await expect(fixture.say(ben, 'show', first.id)).rejects.toHaveProperty('code', 'no_picture');
    await expect(fixture.press(ben, 'show', first)).rejects.toHaveProperty('code', 'no_picture');
    await expect(fixture.say(ben, 'info', first.id)).rejects.toHaveProperty('code', 'no_picture');
  });
});

describe('⭐', () => {
  it('is each person’s own, finds a picture again, and is taken away by pressing again', async () => {
    const { fixture, second } = await threePictures();
    expect(readLines(await fixture.press(ben, 'star', second))).toEqual([
      '⭐ Starred: this picture is kept. /show starred shows it again.',
    ]);
    const shown = await fixture.say(ben, 'show', 'Starred');
    expect(readLines(shown)[0]).toContain('second – @Ada');
    expect(readLines(shown).at(-1)).toBe('1 of 1 of your starred pictures');
    await expect(fixture.say(ada, 'show', 'starred')).rejects.toHaveProperty('code', 'no_picture');
    expect(readLines(await fixture.press(ben, 'star', second))).toEqual(['Your star is removed.']);
    await expect(fixture.say(ben, 'show', 'starred')).rejects.toHaveProperty('code', 'no_picture');
  });
});

describe('/info', () => {
  it('says how the bot fares and what it allows', async () => {
    const lines = readLines(await (await threePictures()).fixture.say(ada, 'info'));
    expect(lines).toEqual([
      'Easel 1.2.3, up for 1 h 2 min',
      'Runs on cpu, with 2 models, 2 threads, up to 6.0 GB',
      '⚠ "cuda" has no driver. Easel uses "cpu" instead.',
      'Queue 0 running, 1 waiting',
      'Speed no pictures since the start',
      'Memory bot 123 MB, engine 5.6 GB',
      'Limits 10 waiting requests per person, 200 in total · one picture of 2048×2048 pixels per request, or several smaller ones with the same total · up to 2000 characters per prompt',
      'In this channel',
      'No restrictions.',
    ]);
  });

  it('says how a picture was made', async () => {
    const { fixture, third } = await threePictures();
    const lines = readLines(await fixture.say(ada, 'info', '1'));
    expect(lines[0]).toMatch(/^third \(4 of 128×128\), requested by Ada, /);
    expect(lines).toContain('Prompt third');
    expect(lines.at(-1)).toBe(`Job ${third.id}`);
  });
});

describe('the person’s own page', () => {
  it('has their places, their latest pictures and their settings', async () => {
    const { fixture } = await threePictures();
    const result = await fixture.take(ada, 'home');
    expect(readLines(result)).toEqual([
      'In the queue',
      expect.stringMatching(/^still waiting \(being drawn, about \d+ s\)$/),
      'Your latest pictures',
      ...['third (4 of 128×128)', 'second (4 of 128×128)', 'first (4 of 128×128)'],
      'Your settings',
      ...["size the model's default", 'count 4', "sampler the model's default", 'style none', 'negative nothing'],
    ]);
    expect(buttonsOf(result).map(({ label }) => label)).toEqual(['🎨 Imagine', '✏️ Settings']);
    const page = result.kind === 'private' ? result.page : undefined;
    const [places, pictures] = page?.sections ?? [];
    expect(places?.entries.map(({ button }) => button?.label)).toEqual(['Cancel']);
    expect(pictures?.entries.map(({ button }) => button?.label)).toEqual(['Show', 'Show', 'Show']);
    expect(await pictures?.entries[0]?.picture?.load()).toMatchObject({ alt: 'a picture' });
    expect(readLines(await createCommandFixture().take(ben, 'home')).slice(0, 4)).toEqual([
      ...['In the queue', 'You have no pictures in the queue.', 'Your latest pictures', 'None yet.'],
    ]);
  });
});
