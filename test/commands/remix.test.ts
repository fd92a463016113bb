import { describe, expect, it } from 'vitest';
import { specOf } from '../../engine/index.ts';
import { ada, ben, createScene, formOf, lobby } from './scene.ts';

async function remixOf(text: string) {
  const scene = createScene();
  const job = scene.finish(await scene.imagine(ada, text));
  return { scene, job, form: formOf(await scene.press(ben, 'remix', job)) };
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
      const scene = createScene();
      const job = scene.finish(await scene.imagine(ada, text));
      const form = formOf(await scene.press(ben, 'remix', job));
      expect(await scene.fill(ben, form)).toEqual({ kind: 'posted' });
      expect(scene.queue.last()).toMatchObject({ owner: ben, parent: { jobId: job.id, index: 0 } });
      expect(scene.queue.last().task).toEqual(job.task);
    }
  });

  it('holds a seed of 64 bits', async () => {
    const { scene, form, job } = await remixOf('a fox --seed 18446744073709551615');
    const seed = form.fields.find(({ name }) => name === 'seed');
    expect(seed).toMatchObject({ value: '18446744073709551615', maxLength: 20 });
    await scene.fill(ben, form, { prompt: 'a hare' });
    expect(specOf(scene.queue.last().task)).toEqual({ ...specOf(job.task), prompt: 'a hare' });
  });

  it('changes what was changed and keeps the seed, so that the composition stays', async () => {
    const { scene, form, job } = await remixOf('a fox --seed 7 --no snow');
    await scene.fill(ben, form, { prompt: 'a hare --steps 5', negative: '', options: '--count 2' });
    expect(specOf(scene.queue.last().task)).toEqual({
      ...specOf(job.task),
      ...{ prompt: 'a hare', negative: '', steps: 5, count: 2 },
    });
  });

  it('keeps the variations of a picture for as long as its seed is kept', async () => {
    const { scene, job } = await remixOf('a fox --seed 7 --count 1');
    await scene.press(ada, 'vary_subtle', job);
    const varied = scene.finish(scene.queue.last());
    const form = formOf(await scene.press(ben, 'remix', varied));
    await scene.fill(ben, form, { prompt: 'a hare' });
    expect(specOf(scene.queue.last().task)).toMatchObject({ seed: 7, variations: [{ seed: 1000, strength: 0.2 }] });
    await scene.fill(ben, form, { seed: '8' });
    expect(specOf(scene.queue.last().task)).toMatchObject({ seed: 8, variations: [] });
  });

  it('begins from the picture, the mask and the strength that are typed among its options', async () => {
    const { scene, form, job } = await remixOf('a fox --seed 7');
    const cat = 'https://example.com/cat.png';
    await scene.fill(ben, form, { options: `--init ${cat}` });
    expect(specOf(scene.queue.last().task)).toEqual({ ...specOf(job.task), init: { image: cat, strength: 0.75 } });
    await scene.fill(ben, form, { options: `--init ${cat} --mask https://example.com/mask.png --strength 0.3` });
    expect(specOf(scene.queue.last().task).init).toEqual({
      ...{ image: cat, mask: 'https://example.com/mask.png', strength: 0.3 },
    });
    await expect(scene.fill(ben, form, { options: '--mask https://example.com/mask.png' })).rejects.toThrow(
      'A mask needs the picture it masks; give that with `--init`, or attach it.',
    );
  });

  it('of a picture that began from another masks that one, and keeps its strength', async () => {
    const { scene, form } = await remixOf('a fox --init https://example.com/cat.png --strength 0.4');
    await scene.fill(ben, form, { options: '--mask https://example.com/mask.png' });
    expect(specOf(scene.queue.last().task).init).toEqual({
      ...{ image: 'https://example.com/cat.png', mask: 'https://example.com/mask.png', strength: 0.4 },
    });
    await scene.fill(ben, form, { options: '--init https://example.com/owl.png' });
    expect(specOf(scene.queue.last().task).init).toEqual({ image: 'https://example.com/owl.png', strength: 0.75 });
  });

  it('hides its pictures, or shows them, when that is typed among its options', async () => {
    const { scene, form } = await remixOf('a fox');
    await scene.fill(ben, form, { options: '--spoiler' });
    expect(scene.queue.last().spoiler).toBe(true);
    await scene.say(ada, 'imagine', 'a fox --spoiler');
    const hidden = formOf(await scene.press(ben, 'remix', scene.finish(scene.queue.last())));
    await scene.fill(ben, hidden, { prompt: 'an owl', options: '--spoiler off' });
    expect(scene.queue.last().spoiler ?? false).toBe(false);
  });

  it('of an enlargement goes back to the picture before it', async () => {
    const { scene, job } = await remixOf('a fox --seed 7');
    await scene.press(ada, 'upscale', job, 2);
    const form = formOf(await scene.press(ben, 'remix', scene.finish(scene.queue.last())));
    expect(valuesOf(form)).toMatchObject({ size: '128x128', seed: '9' });
  });

  it('loses nothing of a form that cannot be read: the person is told what is wrong', async () => {
    const { scene, form } = await remixOf('a fox');
    const before = scene.queue.jobs.size;
    for (const [values, code] of [
      [{ prompt: ' ' }, 'empty_prompt'],
      [{ size: 'large' }, 'bad_size'],
      [{ seed: 'mine' }, 'bad_number'],
      [{ options: '--stpes 5' }, 'unknown_option'],
    ] as const) {
      await expect(scene.fill(ben, form, values)).rejects.toHaveProperty('code', code);
    }
    expect(scene.queue.jobs.size).toBe(before);
  });
});

describe('the form of all options', () => {
  it('has styles typed where there are more than a menu holds', async () => {
    const scene = createScene();
    const [style] = scene.context.styles;
    if (style === undefined) throw new Error('styles ship with Easel');
    const styles = Array.from({ length: 120 }, (_, index) => ({ ...style, name: `style-${index}` }));
    const { imagineShortcut } = await import('../../commands/imagine-form.ts');
    const place = { user: ada, channel: lobby, isModerator: false, isAgeRestricted: false };
    const request = { kind: 'shortcut', id: '1', shortcut: 'imagine', ...place } as const;
    const form = formOf(await imagineShortcut.run(request, { ...scene.context, styles }));
    expect(form.fields.find(({ name }) => name === 'style')).toMatchObject({ kind: 'line' });
  });

  it('has a field for each option of /imagine, and makes the same request', async () => {
    const scene = createScene();
    const form = formOf(await scene.take(ada, 'imagine'));
    const named = (name: string) => form.fields.find((field) => field.name === name);
    expect(named('prompt')).toMatchObject({ kind: 'paragraph', required: true });
    expect(named('model')?.choices).toEqual(['sketch', 'sd-v1-4']);
    expect(named('style')?.choices).toContain('watercolour');
    expect(named('spoiler')?.choices).toEqual(['on', 'off']);
    expect(form.fields.every(({ label, placeholder = '' }) => label.length <= 45 && placeholder.length <= 100)).toBe(
      true,
    );
    await scene.fill(ada, form, { prompt: 'a fox', steps: '5', style: 'ink', spoiler: 'on', sampler: 'ddim' });
    expect(scene.queue.last()).toMatchObject({ spoiler: true, task: { spec: { steps: 5, sampler: 'ddim' } } });
    expect(specOf(scene.queue.last().task).prompt).toMatch(/^ink drawing of a fox,/);
  });
});
