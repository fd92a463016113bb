import { describe, expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { ada, ben, createCommandFixture, formOf, lobby, readLines } from '../command-fixture.ts';

const MODERATOR = { isModerator: true } as const;
const ADULTS = { isModerator: true, isAgeRestricted: true } as const;

/** A channel whose moderators have set this. */
async function roomWith(text: string, existing: { isModerator: boolean; isAgeRestricted?: boolean } = MODERATOR) {
  const fixture = createCommandFixture();
  await fixture.say(ada, 'channel', text, {}, lobby, existing);
  return fixture;
}

describe('/settings', () => {
  it('shows what holds, and changes what is named', async () => {
    const fixture = createCommandFixture();
    expect(readLines(await fixture.say(ada, 'settings'))).toEqual([
      'Your pictures',
      "size the model's default",
      'count 4',
      "sampler the model's default",
      'style none',
      'negative nothing',
      'In this channel',
      'No restrictions.',
    ]);
    await fixture.say(ada, 'settings', '--size 64x96 --count 2 --no blurry, text');
    await fixture.say(ada, 'settings', '', { sampler: 'Euler a', style: 'Ink' });
    expect(readLines(await fixture.say(ada, 'settings')).slice(1, 6)).toEqual([
      'size 64×96',
      'count 2',
      'sampler euler_a',
      'style ink',
      'negative blurry, text',
    ]);
  });

  it('go into what that person asks for next, below what they say and above what the bot says', async () => {
    const fixture = createCommandFixture();
    await fixture.say(ada, 'settings', '--size 64x96 --count 2 --sampler euler_a --style ink --no blurry');
    expect(specOf((await fixture.imagine(ada, 'a fox')).task)).toMatchObject({
      prompt: 'ink drawing of a fox, black and white, fine pen lines, cross-hatching, high contrast, white paper',
      negative: 'blurry, colour, photograph, grey background, blurry, signature',
      ...{ width: 64, height: 96, count: 2, sampler: 'euler_a' },
    });
    const said = 'a fox --size 128x64 --count 1 --sampler ddim --style none --no ""';
    expect(specOf((await fixture.imagine(ada, said)).task)).toMatchObject({
      ...{ prompt: 'a fox', negative: '', width: 128, height: 64, count: 1, sampler: 'ddim' },
    });
    expect(specOf((await fixture.imagine(ben, 'a hare')).task)).toMatchObject({
      prompt: 'a hare',
      width: 128,
      count: 4,
    });
  });

  it('are taken back one by one or all together', async () => {
    const fixture = createCommandFixture();
    await fixture.say(ada, 'settings', '--count 2 --style ink --sampler ddim');
    await fixture.say(ada, 'settings', '--style none');
    await fixture.say(ada, 'settings', '--reset count');
    expect(await fixture.context.settings.ofUser(ada)).toEqual({ sampler: 'ddim' });
    await fixture.say(ada, 'settings', '', { reset: 'all', count: 3 });
    expect(await fixture.context.settings.ofUser(ada)).toEqual({ count: 3 });
  });

  it.each([
    ['--size 100x100', 'Width must be a multiple of 8; try 104.'],
    [
      '--size 2048x2048 --count 4',
      '4 pictures of 2048×2048 are too large for one job; try `--count 1` or a smaller size.',
    ],
    ['--style watercolor', '`watercolor` is not a style; did you mean `watercolour`?'],
    ['--steps 20', '`--steps` is not an option; `/help settings` lists them all.'],
    ['512x512', '`512x512` is not an option; write it like `/settings --size 512x768`, or see `/help settings`.'],
    ['--reset everything', '`everything` is not a setting; choose from all, size, count, sampler, style, negative.'],
  ])('refuse %s and keep what there is', async (text, sentence) => {
    const fixture = createCommandFixture();
    await fixture.say(ada, 'settings', '--count 2');
    await expect(fixture.say(ada, 'settings', text)).rejects.toHaveProperty('userMessage', sentence);
    expect(await fixture.context.settings.ofUser(ada)).toEqual({ count: 2 });
  });

  it('by a form, filled in beforehand; what is emptied goes back', async () => {
    const fixture = createCommandFixture();
    await fixture.say(ada, 'settings', '--size 64x96 --count 2 --negative ""');
    const form = await fixture.open(ada, 'settings');
    expect(form.fields.map(({ name, value }) => `${name}=${value}`)).toEqual([
      ...['size=64x96', 'count=2', 'sampler=', 'style=', 'negative='],
    ]);
    await fixture.fill(ada, form, { size: '', sampler: 'dpmpp_2m_karras' });
    expect(await fixture.context.settings.ofUser(ada)).toEqual({ count: 2, sampler: 'dpmpp_2m_karras', negative: '' });
    await expect(fixture.fill(ada, form, { count: '9' })).rejects.toHaveProperty('code', 'bad_number');
  });
});

describe('/channel', () => {
  it('is for moderators', async () => {
    const fixture = createCommandFixture();
    await expect(fixture.say(ada, 'channel', '--max-steps 20')).rejects.toHaveProperty(
      'userMessage',
      'Only moderators of this channel can change its settings; `/settings` shows them to everyone.',
    );
    await expect(fixture.open(ada, 'channel')).rejects.toHaveProperty('code', 'not_moderator');
    const form = await fixture.open(ben, 'channel', MODERATOR);
    await expect(fixture.fill(ada, form, { 'max-steps': '20' })).rejects.toHaveProperty('code', 'not_moderator');
  });

  it.each([
    ['--max-size 64', 'a fox --size 128x64', '128×64 is too large; this channel allows at most 64 pixels per side.'],
    ['--max-steps 10', 'a fox --steps 11', '11 steps are too many; this channel allows at most 10.'],
    [
      '--models sd-v1-4',
      'a fox --model sketch',
      'The model `sketch` is not allowed in this channel; choose from sd-v1-4.',
    ],
    ['--block gore, dead body', 'a Dead Body', 'This channel does not allow “dead body” in a prompt; remove it.'],
  ])('with %s refuses “%s”, naming the ceiling', async (rule, prompt, sentence) => {
    const fixture = await roomWith(rule);
    await expect(fixture.imagine(ada, prompt)).rejects.toHaveProperty('userMessage', sentence);
    expect(fixture.queue.jobs.size).toBe(0);
  });

  it('fits into its ceilings what nobody asked for in numbers', async () => {
    const fixture = await roomWith('--max-size 96 --max-steps 10');
    await fixture.say(ada, 'settings', '--size 192x96');
    expect(specOf((await fixture.imagine(ben, 'a fox')).task)).toMatchObject({ width: 96, height: 96, steps: 10 });
    expect(specOf((await fixture.imagine(ben, 'a fox --ar 3:2')).task)).toMatchObject({ width: 96, height: 64 });
    expect(specOf((await fixture.imagine(ada, 'a fox')).task)).toMatchObject({ width: 96, height: 64 });
  });

  it('draws with the first of its models', async () => {
    const fixture = await roomWith('--models sd-v1-4, sketch');
    expect(specOf((await fixture.imagine(ada, 'a fox')).task).model).toBe('sd-v1-4');
  });

  it('holds for buttons and remixes of what was made before, and lets enlargements be twice as large', async () => {
    const fixture = createCommandFixture();
    const job = fixture.finish(await fixture.imagine(ada, 'a gory fox --size 128x128 --count 1'));
    await fixture.say(ada, 'channel', '--max-size 128 --block gory', {}, lobby, MODERATOR);
    for (const action of ['reroll', 'vary', 'upscale'] as const) {
      await expect(fixture.press(ben, action, job)).rejects.toHaveProperty('code', 'rule_words');
    }
    const form = formOf(await fixture.press(ben, 'remix', job));
    await expect(fixture.fill(ben, form)).rejects.toHaveProperty('code', 'rule_words');
    await fixture.say(ada, 'channel', '--reset block', {}, lobby, MODERATOR);
    expect(await fixture.press(ben, 'upscale', job)).toEqual({ kind: 'posted' });
    await expect(fixture.press(ben, 'upscale_4', job)).rejects.toHaveProperty(
      'userMessage',
      '512×512 is too large; this channel allows at most 256 pixels per side after upscaling.',
    );
  });

  it('in a thread holds too, and elsewhere not', async () => {
    const fixture = await roomWith('--max-steps 10');
    const thread = { ...lobby, threadId: 't1' };
    await expect(fixture.say(ada, 'imagine', 'a fox --steps 20', {}, thread)).rejects.toHaveProperty(
      'code',
      'rule_steps',
    );
    const other = { ...lobby, channelId: 'other' };
    expect(await fixture.say(ada, 'imagine', 'a fox --steps 20', {}, other)).toEqual({ kind: 'posted' });
  });

  it('takes the safety checker away only where adults alone are, and only for that channel', async () => {
    const fixture = createCommandFixture();
    await expect(fixture.say(ada, 'channel', '--nsfw', {}, lobby, MODERATOR)).rejects.toHaveProperty(
      'userMessage',
      'Adult pictures are allowed only in an age-restricted channel; mark the channel as age-restricted first.',
    );
    await fixture.say(ada, 'channel', '--nsfw', {}, lobby, ADULTS);
    expect(specOf((await fixture.imagine(ada, 'a fox')).task).safety).toBeUndefined();
    await fixture.say(ada, 'imagine', 'a fox', {}, lobby, { isAgeRestricted: true });
    const free = fixture.finish(fixture.queue.last());
    expect(specOf(free.task).safety).toBe(false);
    // The mark is gone: what was made without the checker is made again with it.
    await fixture.press(ada, 'upscale', free);
    expect(specOf(fixture.queue.last().task)).not.toHaveProperty('safety');
  });

  it('hides pictures where moderators or the person say so', async () => {
    const fixture = await roomWith('--spoiler');
    expect((await fixture.imagine(ada, 'a fox')).spoiler).toBe(true);
    expect((await fixture.imagine(ada, 'a fox --spoiler off')).spoiler).toBeUndefined();
    await fixture.say(ada, 'channel', '--reset all', {}, lobby, MODERATOR);
    const hidden = fixture.finish(await fixture.imagine(ada, 'a fox --spoiler --count 1'));
    expect(specOf(hidden.task).prompt).toBe('a fox');
    await fixture.press(ben, 'upscale', hidden);
    expect(fixture.queue.last().spoiler).toBe(true);
  });

  it('is shown to everyone, and changed by a form', async () => {
    const fixture = await roomWith('--max-size 512 --block gore');
    const form = await fixture.open(ada, 'channel', MODERATOR);
    await fixture.fill(ada, form, { models: 'sketch', pictures: 'hidden as spoilers', 'max-size': '' }, MODERATOR);
    expect(readLines(await fixture.say(ben, 'settings')).slice(7)).toEqual([
      'models sketch',
      'spoiler pictures are hidden as spoilers',
      'block gore',
    ]);
  });
});
