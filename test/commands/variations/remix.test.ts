import { describe, expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { ada, ben, createCommandFixture, formOf, lobby } from '../command-fixture.ts';

async function remixOf(text: string) {
  const fixture = createCommandFixture();
  const job = fixture.finish(await fixture.imagine(ada, text));
  return { fixture, job, form: formOf(await fixture.press(ben, 'remix', job)) };
}

const valuesOf = (form: ReturnType<typeof formOf>) =>
  Object.fromEntries(form.fields.map(({ name, value }) => [name, value]));

describe('✏️', () => {
  it('opens a form with the prompt and its options, of no more fields than Discord shows', async () => {
    const { form } = await remixOf('a fox --no snow --seed 7 --size 64x96 --clip-skip 2');
    expect(valuesOf(form)).toEqual({
      ...{ prompt: 'a fox', negative: 'snow', size: '64x96', seed: '7' },
      options: '--steps 20 --guidance 4 --sampler dpmpp_2m --count 4 --model sketch --clip-skip 2',
    });
    expect(form.fields.length).toBeLessThanOrEqual(5);
    for (const { label, maxLength } of form.fields) {
      expect(label.length).toBeLessThanOrEqual(45);
      expect(maxLength).toBeLessThanOrEqual(3000);
    }
  });

  it('sent as it came asks for exactly the same', async () => {
    for (const text of ['a fox --seed 7', '--prompt "odd --no way" --guidance 0 --syntax plain', '"a" fox — -- 5']) {
      const fixture = createCommandFixture();
      const job = fixture.finish(await fixture.imagine(ada, text));
      const form = formOf(await fixture.press(ben, 'remix', job));
      expect(await fixture.fill(ben, form)).toEqual({ kind: 'posted' });
      expect(fixture.queue.last()).toMatchObject({ owner: ben, parent: { jobId: job.id, index: 0 } });
      expect(fixture.queue.last().task).toEqual(job.task);
    }
  });

  it('holds a seed of 64 bits', async () => {
    const { fixture, form, job } = await remixOf('a fox --seed 18446744073709551615');
    const seed = form.fields.find(({ name }) => name === 'seed');
    expect(seed).toMatchObject({ value: '18446744073709551615', maxLength: 20 });
    await fixture.fill(ben, form, { prompt: 'a hare' });
    expect(specOf(fixture.queue.last().task)).toEqual({ ...specOf(job.task), prompt: 'a hare' });
  });

  it('changes what was changed and keeps the seed, so that the composition stays', async () => {
    const { fixture, form, job } = await remixOf('a fox --seed 7 --no snow');
    await fixture.fill(ben, form, { prompt: 'a hare --steps 5', negative: '', options: '--count 2' });
    expect(specOf(fixture.queue.last().task)).toEqual({
      ...specOf(job.task),
      ...{ prompt: 'a hare', negative: '', steps: 5, count: 2 },
    });
  });

  it('keeps the variations of a picture for as long as its seed is kept', async () => {
    const { fixture, job } = await remixOf('a fox --seed 7 --count 1');
    await fixture.press(ada, 'vary_subtle', job);
    const varied = fixture.finish(fixture.queue.last());
    const form = formOf(await fixture.press(ben, 'remix', varied));
    await fixture.fill(ben, form, { prompt: 'a hare' });
    expect(specOf(fixture.queue.last().task)).toMatchObject({ seed: 7, variations: [{ seed: 1000, strength: 0.2 }] });
    await fixture.fill(ben, form, { seed: '8' });
    expect(specOf(fixture.queue.last().task)).toMatchObject({ seed: 8, variations: [] });
  });

  it('begins from the picture, the mask and the strength that are typed among its options', async () => {
    const { fixture, form, job } = await remixOf('a fox --seed 7');
    const cat = 'https://example.com/cat.png';
    await fixture.fill(ben, form, { options: `--init ${cat}` });
    expect(specOf(fixture.queue.last().task)).toEqual({ ...specOf(job.task), init: { image: cat, strength: 0.75 } });
    await fixture.fill(ben, form, { options: `--init ${cat} --mask https://example.com/mask.png --strength 0.3` });
    expect(specOf(fixture.queue.last().task).init).toEqual({
      ...{ image: cat, mask: 'https://example.com/mask.png', strength: 0.3 },
    });
    await expect(fixture.fill(ben, form, { options: '--mask https://example.com/mask.png' })).rejects.toThrow(
      'A mask needs an init image; give one with `--init`, or attach it.',
    );
  });

  it('of a picture that began from another masks that one, and keeps its strength', async () => {
    const { fixture, form } = await remixOf('a fox --init https://example.com/cat.png --strength 0.4');
    await fixture.fill(ben, form, { options: '--mask https://example.com/mask.png' });
    expect(specOf(fixture.queue.last().task).init).toEqual({
      ...{ image: 'https://example.com/cat.png', mask: 'https://example.com/mask.png', strength: 0.4 },
    });
    await fixture.fill(ben, form, { options: '--init https://example.com/owl.png' });
    expect(specOf(fixture.queue.last().task).init).toEqual({ image: 'https://example.com/owl.png', strength: 0.75 });
  });

  it('hides its pictures, or shows them, when that is typed among its options', async () => {
    const { fixture, form } = await remixOf('a fox');
    await fixture.fill(ben, form, { options: '--spoiler' });
    expect(fixture.queue.last().spoiler).toBe(true);
    await fixture.say(ada, 'imagine', 'a fox --spoiler');
    const hidden = formOf(await fixture.press(ben, 'remix', fixture.finish(fixture.queue.last())));
    await fixture.fill(ben, hidden, { prompt: 'an owl', options: '--spoiler off' });
    expect(fixture.queue.last().spoiler ?? false).toBe(false);
  });

  it('of an enlargement goes back to the picture before it', async () => {
    const { fixture, job } = await remixOf('a fox --seed 7');
    await fixture.press(ada, 'upscale', job, 2);
    const form = formOf(await fixture.press(ben, 'remix', fixture.finish(fixture.queue.last())));
    expect(valuesOf(form)).toMatchObject({ size: '128x128', seed: '9' });
  });

  it('loses nothing of a form that cannot be read: the person is told what is wrong', async () => {
    const { fixture, form } = await remixOf('a fox');
    const before = fixture.queue.jobs.size;
    for (const [values, code] of [
      [{ prompt: ' ' }, 'empty_prompt'],
      [{ size: 'large' }, 'bad_size'],
      [{ seed: 'mine' }, 'bad_number'],
      [{ options: '--stpes 5' }, 'unknown_option'],
    ] as const) {
      await expect(fixture.fill(ben, form, values)).rejects.toHaveProperty('code', code);
    }
    expect(fixture.queue.jobs.size).toBe(before);
  });
});

describe('the form of all options', () => {
  it('has styles typed where there are more than a menu holds', async () => {
    const fixture = createCommandFixture();
    const [style] = fixture.context.styles;
    if (style === undefined) throw new Error('styles ship with Easel');
    const styles = Array.from({ length: 120 }, (_, index) => ({ ...style, name: `style-${index}` }));
    const { imagineShortcut } = await import('../../../commands/imagine/imagine-form.ts');
    const place = { user: ada, channel: lobby, isModerator: false, isAgeRestricted: false };
    const request = { kind: 'shortcut', id: '1', shortcut: 'imagine', ...place } as const;
    const form = formOf(await imagineShortcut.run(request, { ...fixture.context, styles }));
    expect(form.fields.find(({ name }) => name === 'style')).toMatchObject({ kind: 'line' });
  });

  it('has a field for each option of /imagine, and makes the same request', async () => {
    const fixture = createCommandFixture();
    const form = formOf(await fixture.take(ada, 'imagine'));
    const named = (name: string) => form.fields.find((field) => field.name === name);
    expect(named('prompt')).toMatchObject({ kind: 'paragraph', required: true });
    expect(named('model')?.choices).toEqual(['sketch', 'sd-v1-4']);
    expect(named('style')?.choices).toContain('watercolour');
    expect(named('spoiler')?.choices).toEqual(['on', 'off']);
    expect(form.fields.every(({ label, placeholder = '' }) => label.length <= 45 && placeholder.length <= 100)).toBe(
      true,
    );
    await fixture.fill(ada, form, { prompt: 'a fox', steps: '5', style: 'ink', spoiler: 'on', sampler: 'ddim' });
    expect(fixture.queue.last()).toMatchObject({ spoiler: true, task: { spec: { steps: 5, sampler: 'ddim' } } });
    expect(specOf(fixture.queue.last().task).prompt).toMatch(/^ink drawing of a fox,/);
  });
});
