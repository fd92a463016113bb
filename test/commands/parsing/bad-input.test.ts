import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../../src/core/errors.ts';
import { ada, createCommandFixture } from '../command-fixture.ts';

const seedSentence = 'Seed must be a whole number from 0 to 18446744073709551615; leave it out for a random one.';
const ratioSentence = 'Aspect ratio must be written as width:height, such as 3:2.';

const sentences: readonly (readonly [typed: string, sentence: string])[] = [
  ['', 'The prompt is missing; describe the picture, such as `/imagine a fox in the snow`.'],
  ['--steps 20', 'The prompt is missing; describe the picture, such as `/imagine a fox in the snow`.'],
  ['x'.repeat(4000), 'The prompt is 4,000 characters long, but the limit is 2,000; shorten it.'],
  [
    `a fox --no ${'x'.repeat(2001)}`,
    'The negative prompt is 2,001 characters long, but the limit is 2,000; shorten it.',
  ],
  ['a fox\u0007', 'The prompt contains control or invalid characters; remove them.'],
  ['a fox --step 20', '`--step` is not an option; did you mean `--steps`?'],
  ['a fox --step=20', '`--step` is not an option; did you mean `--steps`?'],
  ['a fox —step 20', '`--step` is not an option; did you mean `--steps`?'],
  ['a fox --steps:20', '`--steps:20` is not an option; did you mean `--steps`?'],
  ['a fox --hieght 512', '`--hieght` is not an option; did you mean `--height`?'],
  ['a fox --chaos 20', '`--chaos` is not an option; `/help imagine` lists them all.'],
  ['a fox --width 513', 'Width must be a multiple of 8; try 512.'],
  ['a fox --height 510', 'Height must be a multiple of 8; try 512.'],
  ['a fox --width 0', 'Width must be from 64 to 2048 pixels; try 64.'],
  ['a fox --width 1e9', 'Width must be from 64 to 2048 pixels; try 2048.'],
  ['a fox --width wide', 'Width must be from 64 to 2048 pixels; try 512.'],
  ['a fox --steps 0', 'Steps must be a whole number from 1 to 150; try 1.'],
  ['a fox --steps 10000', 'Steps must be a whole number from 1 to 150; try 150.'],
  ['a fox --steps 10,000', 'Steps must be a whole number from 1 to 150; try 20.'],
  ['a fox --steps 20.5', 'Steps must be a whole number from 1 to 150; try 21.'],
  ['a fox --steps 0x10', 'Steps must be a whole number from 1 to 150; try 20.'],
  ['a fox --guidance NaN', 'Guidance must be a number from 0 to 30; try 7.5.'],
  ['a fox --guidance Infinity', 'Guidance must be a number from 0 to 30; try 7.5.'],
  ['a fox --guidance 7,5', 'Guidance must be a number from 0 to 30; try 7.5.'],
  ['a fox --cfg 31', 'Guidance must be a number from 0 to 30; try 30.'],
  ['a fox --seed -1', seedSentence],
  ['a fox --seed 18446744073709551616', seedSentence],
  ['a fox --seed 99999999999999999999999', seedSentence],
  ['a fox --seed 5,7:2', '`7:2` is not a variation; write a seed and a strength from 0 to 1, such as `42,7:0.35`.'],
  ['a fox --seed 1.5', seedSentence],
  ['a fox --seed random', seedSentence],
  ['a fox --count 5', 'Count must be a whole number from 1 to 4; try 4.'],
  ['a fox --sampler eular', '`eular` is not a sampler; did you mean `euler`?'],
  ['a fox --sampler x', '`x` is not a sampler; `/help samplers` lists them all.'],
  ['a fox --strength 0.5', '`--strength` needs an init image; give one with `--init`, or attach it.'],
  ['a fox --mask https://example.com/m.png', 'A mask needs an init image; give one with `--init`, or attach it.'],
  ['a fox --clip-skip 0', 'Clip-skip must be a whole number from 1 to 12; try 1.'],
  ['a fox --seed-size big', 'Seed size must be written as width and height in pixels, such as 512x512.'],
  ['a fox --noise gpu', '`gpu` is not a noise source; did you mean `cpu`?'],
  ['a fox --syntax odd', '`odd` is not a prompt syntax; choose from a1111, plain.'],
  ['a fox --model sdxl', '`sdxl` is not a model here; choose from sketch, sd-v1-4.'],
  ['a fox --model sketsh', '`sketsh` is not a model here; did you mean `sketch`?'],
  ['a fox --steps', '`--steps` needs a value, such as `--steps 20`.'],
  ['a fox --steps --seed 3', '`--steps` needs a value, such as `--steps 20`.'],
  ['a fox --steps=', '`--steps` needs a value, such as `--steps 20`.'],
  ['a fox --no', '`--no` needs a value, such as `--no text, frame`.'],
  ['a fox --no "cats, dogs', 'The quote after `--no` is not closed; add " at its end.'],
  ['a fox --steps 20 --steps 30', '`--steps` is given twice; keep one.'],
  ['a fox --cfg 5 --guidance 5', '`--cfg` and `--guidance` are the same option; keep one.'],
  ['a fox --size 512', 'Size must be written as width and height in pixels, such as 512x512.'],
  ['a fox --size 513x512', 'Width must be a multiple of 8; try 512.'],
  ['a fox --size 512x512 --ar 3:2', 'Give either `--ar` or `--size`, not both.'],
  ['a fox --ar 3:2 --width 512', 'Give either `--ar` or `--width` and `--height`, not both.'],
  ['a fox --size 512x512 --height 512', 'Give either `--size` or `--width` and `--height`, not both.'],
  ['a fox --ar wide', ratioSentence],
  ['a fox --ar 0:1', ratioSentence],
  ['a fox --ar 1:0', ratioSentence],
  ['a fox --ar 50:1', 'Aspect ratio 50:1 is too extreme for Sketch; try 3:2.'],
  ['a fox --ar 1:50', 'Aspect ratio 1:50 is too extreme for Sketch; try 2:3.'],
  ['a fox --size 2048x2048', '4 pictures of 2048×2048 are too large for one job; try `--count 1` or a smaller size.'],
];

describe('bad input gets one sentence, and nothing is queued', () => {
  it.each(sentences)('/imagine %s', async (typed, sentence) => {
    const fixture = createCommandFixture();
    const refusal = await fixture.say(ada, 'imagine', typed).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(BadInputError);
    expect(refusal).toHaveProperty('userMessage', sentence);
    expect(fixture.queue.jobs.size).toBe(0);
  });

  it.each([
    [{ guidance: Number.NaN }, 'Guidance must be a number from 0 to 30; try 7.5.'],
    [{ seed: -1 }, seedSentence],
    [
      { seed: 2 ** 64 },
      seedSentence.replace('leave it out for a random one', 'write one this large as text, in quotes'),
    ],
    [{ seed: 1.5 }, seedSentence],
    [{ steps: true }, 'Steps must be a whole number from 1 to 150; try 20.'],
    [{ step: 20 }, '`step` is not an option; did you mean `steps`?'],
    [{ prompt: 'a hare' }, 'Two values are given for the prompt, in the text and in the prompt option; keep one.'],
    [
      { cfg: 3, guidance: 4 },
      'Two values are given for the guidance, in the cfg option and in the guidance option; keep one.',
    ],
  ])('typed options %o', async (options, sentence) => {
    const fixture = createCommandFixture();
    await expect(fixture.say(ada, 'imagine', 'a fox', options)).rejects.toHaveProperty('userMessage', sentence);
    expect(fixture.queue.jobs.size).toBe(0);
  });

  it('a typed option and a flag that disagree are refused; that agree are taken', async () => {
    const fixture = createCommandFixture();
    await expect(fixture.say(ada, 'imagine', 'a fox --steps 30', { steps: 20 })).rejects.toHaveProperty(
      'userMessage',
      'Two values are given for the steps, in `--steps` and in the steps option; keep one.',
    );
    const job = await fixture.imagine(ada, 'a fox --steps 30.0', { steps: 30 });
    expect(job.task).toMatchObject({ spec: { steps: 30 } });
  });
});
