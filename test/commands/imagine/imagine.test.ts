import { describe, expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { ORDINARY } from '../../doubles/samples.ts';
import { ada, createCommandFixture } from '../command-fixture.ts';

async function specFor(typed: string, options = {}) {
  return specOf((await createCommandFixture().imagine(ada, typed, options)).task);
}

describe('/imagine', () => {
  it('resolves everything that is not said from the model and the settings', async () => {
    expect(await specFor('  a red circle on a blue background ')).toEqual({
      prompt: 'a red circle on a blue background',
      negative: '',
      width: 128,
      height: 128,
      steps: 20,
      guidance: 4,
      sampler: 'dpmpp_2m',
      model: 'sketch',
      seed: 1000,
      count: 4,
      variations: [],
    });
  });

  it('takes another model with its own defaults', async () => {
    const expected = { model: 'sd-v1-4', width: 512, height: 512, steps: 50, guidance: 7.5, sampler: 'pndm' };
    expect(await specFor('a fox --model SD-v1-4')).toMatchObject(expected);
  });

  it('takes zero for a value like any other', async () => {
    expect(await specFor('a fox --seed 0 --guidance 0')).toMatchObject({ seed: 0, guidance: 0 });
    expect(await specFor('a fox', { seed: 0, guidance: 0 })).toMatchObject({ seed: 0, guidance: 0 });
  });

  it('takes a seed of 64 bits exactly, as a flag or as an option, and variations of it', async () => {
    const last = '18446744073709551615';
    expect(await specFor(`a fox --seed ${last}`)).toMatchObject({ seed: last, variations: [] });
    expect(await specFor('a fox', { seed: last })).toMatchObject({ seed: last });
    expect(await specFor('a fox', { seed: 2 ** 53 - 1 })).toMatchObject({ seed: 2 ** 53 - 1 });
    expect(await specFor('a fox --seed 0042,7:0.35,9:1')).toMatchObject({
      seed: 42,
      variations: [
        { seed: 7, strength: 0.35 },
        { seed: 9, strength: 1 },
      ],
    });
  });

  it('takes LoRAs with one strength, or one for each network', async () => {
    const { prompt } = await specFor('a fox --lora ink:0.8, chalk, wash:0.8:0.5, te:te=0:unet=1');
    expect(prompt).toBe('a fox <lora:ink:0.8> <lora:chalk:1> <lora:wash:0.8:0.5> <lora:te:0:1>');
  });

  it('takes flags in any case, with = or quotes, and anywhere', async () => {
    expect(await specFor('--Steps=12 a fox --CFG "3.5" in snow')).toMatchObject({
      prompt: 'a fox in snow',
      steps: 12,
      guidance: 3.5,
    });
  });

  it('takes the long dashes that phones make of two hyphens', async () => {
    expect(await specFor('a fox —steps 12 –seed 7 —ar 2:1')).toMatchObject({
      prompt: 'a fox',
      steps: 12,
      seed: 7,
      width: 184,
      height: 88,
    });
  });

  it('takes all text after --no up to the next flag', async () => {
    expect(await specFor('a fox --no red cats, dogs --seed 3')).toMatchObject({
      prompt: 'a fox',
      negative: 'red cats, dogs',
      seed: 3,
    });
    expect(await specFor('a fox --no "trees --seed 3" --steps 9')).toMatchObject({
      negative: 'trees --seed 3',
      steps: 9,
    });
    expect(await specFor('a fox --no “trees” and “the sea”')).toMatchObject({ negative: '“trees” and “the sea”' });
    expect(await specFor("a fox --no 'a man's hat'")).toMatchObject({ negative: "a man's hat" });
  });

  it.each([
    'a well--known fox',
    'a fox -- in the snow',
    'a fox — quick and red — jumps',
    'a fox —with a hat, –quietly',
    'a sign saying "--open"',
    'minus --5 degrees',
    '--- a rule ---',
    'a = b --',
    '<script>alert(1)</script> **not** @markup',
  ])('leaves %s as text', async (prompt) => {
    expect(await specFor(prompt)).toMatchObject({ prompt });
  });

  it('gives an aspect ratio the area the model was trained at, in multiples of 8', async () => {
    expect(await specFor('a fox --ar 3:2')).toMatchObject({ width: 160, height: 104 });
    expect(await specFor('a fox --ar 16:9 --model sd-v1-4')).toMatchObject({ width: 680, height: 384 });
    expect(await specFor('a fox --ar 1:1')).toMatchObject({ width: 128, height: 128 });
  });

  it("takes a size, or one side and the model's other", async () => {
    expect(await specFor('a fox --size 256×192')).toMatchObject({ width: 256, height: 192 });
    expect(await specFor('a fox --w 256')).toMatchObject({ width: 256, height: 128 });
  });

  it('takes a prompt of 2,000 characters, whatever alphabet they are of', async () => {
    const prompt = '🦊'.repeat(2000);
    expect(await specFor(prompt)).toMatchObject({ prompt });
  });

  it('makes one job of an event that is delivered twice', async () => {
    const fixture = createCommandFixture();
    const request = { kind: 'command', id: 'e1', user: ada, channel: { platform: 'web', channelId: 'c' } } as const;
    const { imagine } = await import('../../../commands/imagine/imagine.ts');
    const command = { ...request, ...ORDINARY, command: 'imagine', options: {}, text: 'a fox' };
    expect(await imagine.run(command, fixture.context)).toEqual({ kind: 'posted' });
    expect(await imagine.run(command, fixture.context)).toEqual({ kind: 'posted' });
    expect(fixture.queue.jobs.size).toBe(1);
  });
});
