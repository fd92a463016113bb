import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { formatParameters } from '../../../src/core/parameters.ts';
import { sizeOf } from '../../../src/core/picture-size.ts';
import { encodePng } from '../../../src/image/encode.ts';
import { ada, ben, createCommandFixture, fileOf, formOf, lobby, readLines } from '../command-fixture.ts';

const image = { width: 8, height: 8, rgb: new Uint8Array(8 * 8 * 3) };
const hiresOf = async (typed: string, options = {}) =>
  specOf((await createCommandFixture().imagine(ada, typed, options)).task).hires;

describe('/imagine --hires', () => {
  it('draws a second pass over the picture enlarged, by latents unless it is said otherwise', async () => {
    expect(await hiresOf('a fox --hires 2')).toEqual({ factor: 2, strength: 0.5 });
    expect(await hiresOf('a fox --hires 1.5:0.4 --upscaler lanczos')).toEqual({
      ...{ factor: 1.5, strength: 0.4, mode: 'lanczos' },
    });
    expect(await hiresOf('a fox', { hires: '2:0', upscaler: 'Latent (nearest)' })).toEqual({
      ...{ factor: 2, strength: 0, mode: 'nearest' },
    });
    expect(await hiresOf('a fox --hires 1')).toBeUndefined();
    expect(await hiresOf('a fox')).toBeUndefined();
  });

  const sentence = (typed: string) =>
    `Hires must be auto or a factor from 1 to 4, optionally with a denoising strength from 0 to 1, such as 2 or 2:0.6, not \`${typed}\`.`;
  it.each([
    ['a fox --hires 5', sentence('5')],
    ['a fox --hires 0', sentence('0')],
    ['a fox --hires 2:1.5', sentence('2:1.5')],
    ['a fox --hires large', sentence('large')],
    ['a fox --upscaler latent', '`--upscaler` needs `--hires`; add it, such as `--hires 2`.'],
    [
      'a fox --hires 2 --upscaler esrgan',
      '`esrgan` is not a hires upscaler; choose from latent, latent-nearest, latent-bicubic, lanczos.',
    ],
    [
      'a fox --size 1024x1024 --hires 2 --count 2',
      '2 pictures of 2048×2048 are too large for one job; try `--count 1` or a smaller size.',
    ],
    [
      'a fox --size 1024x1024 --hires 4 --count 1',
      'A picture of 4096×4096 is too large for one job; try a smaller size or a smaller upscale factor.',
    ],
  ])('%s is refused', async (typed, expected) => {
    await expect(createCommandFixture().imagine(ada, typed)).rejects.toHaveProperty('userMessage', expected);
  });

  it('leads by itself from the model’s own size to exactly the one that is asked for', async () => {
    const fixture = createCommandFixture();
    const taskOf = async (typed: string) =>
      (await fixture.imagine(ada, `a fox --model sd-v1-4 --count 1 ${typed}`)).task;
    const large = await taskOf('--size 1024x1024 --hires auto');
    expect(specOf(large)).toMatchObject({ width: 512, height: 512, hires: { factor: 2, strength: 0.5 } });
    for (const size of ['768x768', '1024x768', '1536x1024', '2048x2048', '640x1536', '1280x720']) {
      const { width, height } = specOf(await taskOf(`--size ${size} --hires auto`));
      expect(Math.sqrt(width * height) / 512, size).toBeCloseTo(1, 1);
    }
    expect(specOf(await taskOf('--size 512x640 --hires auto')).hires).toBeUndefined();
    expect(specOf(await taskOf('--ar 3:2 --hires auto')).hires).toBeUndefined();
    const side = fc.integer({ min: 32, max: 256 }).map((eighths) => eighths * 8);
    await fc.assert(
      fc.asyncProperty(side, side, async (width, height) => {
        const task = await taskOf(`--size ${width}x${height} --hires auto:0.4 --upscaler lanczos`);
        expect(sizeOf(task)).toEqual({ width, height });
        const spec = specOf(task);
        if (spec.hires === undefined) {
          expect(width * height).toBeLessThan(1.3 ** 2 * 512 ** 2);
          return;
        }
        expect(spec.hires).toMatchObject({ strength: 0.4, mode: 'lanczos' });
        expect(spec.width * spec.height).toBeLessThan(width * height);
      }),
      { numRuns: 200 },
    );
  });

  it('stays with whatever is made of the picture, until it is taken back', async () => {
    const fixture = createCommandFixture();
    const hires = { factor: 2, strength: 0.5, mode: 'bicubic' };
    const job = fixture.finish(await fixture.imagine(ada, 'a fox --hires 2 --upscaler latent-bicubic'));
    for (const action of ['reroll', 'vary'] as const) {
      await fixture.press(ben, action, job, action === 'vary' ? 1 : 0);
      expect(specOf(fixture.queue.last().task).hires, action).toEqual(hires);
    }
    const form = formOf(await fixture.press(ben, 'remix', job));
    await fixture.fill(ben, form);
    expect(fixture.queue.last().task).toEqual(job.task);
    await fixture.fill(ben, form, { options: '--hires 3' });
    expect(specOf(fixture.queue.last().task).hires).toEqual({ ...hires, factor: 3 });
    await fixture.fill(ben, form, { options: '--hires 1' });
    expect(specOf(fixture.queue.last().task).hires).toBeUndefined();
  });

  it('is told with the recipe', async () => {
    const fixture = createCommandFixture();
    const job = fixture.finish(await fixture.imagine(ada, 'a fox --hires 2 --seed 7'));
    const lines = readLines(await fixture.press(ben, 'recipe', job));
    expect(lines).toContain('Upscaled ×2 with latent, denoising strength 0.5');
    expect(lines.find((line) => line.startsWith('/imagine'))).toContain(' --hires 2:0.5 --upscaler latent');
  });

  it('is read from a picture’s file, AUTOMATIC1111’s too; an enlargement that came later is not', async () => {
    const fixture = createCommandFixture();
    const asked = await fixture.imagine(ada, 'a fox --hires 2:0.7 --upscaler latent-nearest --model sd-v1-4');
    const job = fixture.finish(asked);
    const recipe = job.pictures[0]?.recipe ?? job.task;
    const varied = async (text: string) => {
      await fixture.act(ben, 'vary', { pictures: [fileOf(await encodePng(image, text))] });
      return specOf(fixture.queue.last().task);
    };
    const text = formatParameters(recipe, 'sd-v1-4');
    expect(await varied(text)).toMatchObject({ hires: { factor: 2, strength: 0.7, mode: 'nearest' }, count: 4 });
    const tall = text.replace('Size: 512x512', 'Size: 512x768').replace('RNG: CPU', 'Version: v1.10.1');
    expect(await varied(tall)).toMatchObject({ hires: { factor: 2 }, count: 2 });
    const { hires: _, ...plain } = specOf(recipe);
    const source = { kind: 'generate', spec: plain } as const;
    const later = formatParameters({ kind: 'upscale', source, factor: 2, strength: 0.35 }, 'sd-v1-4');
    expect((await varied(later)).hires).toBeUndefined();
  });

  it('keeps to a channel’s ceiling, which an enlargement may double', async () => {
    const fixture = createCommandFixture();
    await fixture.context.settings.setChannel(lobby, { maxSide: 512 });
    const job = await fixture.imagine(ada, 'a fox --size 512x512 --hires 2 --count 1');
    expect(specOf(job.task).hires?.factor).toBe(2);
    await expect(fixture.imagine(ada, 'a fox --size 512x512 --hires 3 --count 1')).rejects.toHaveProperty(
      'userMessage',
      '1536×1536 is too large; this channel allows at most 1024 pixels per side after upscaling.',
    );
    await expect(fixture.imagine(ada, 'a fox --size 640x640 --hires 1.5 --count 1')).rejects.toHaveProperty(
      'userMessage',
      '640×640 is too large; this channel allows at most 512 pixels per side.',
    );
  });
});
