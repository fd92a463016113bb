import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type GenerationSpec, specOf } from '../../../engine/index.ts';
import { encodePng } from '../../../src/image/encode.ts';
import { ben, createCommandFixture, fileOf, readLines } from '../command-fixture.ts';

const image = { width: 8, height: 8, rgb: new Uint8Array(8 * 8 * 3) };
const VARIED = { count: 4, variations: [{ seed: 1000, strength: 0.35 }] };

/** Files as other programs write them, small, of a model `tiny-conv`: test/fixtures/recipes. */
const fixture = async (name: string) =>
  fileOf(await readFile(new URL(`../../fixtures/recipes/${name}.png`, import.meta.url)));
const written = async (text: string) => fileOf(await encodePng(image, text));

/** What *Vary this* queues: the request, and the notes of its message without the one on the model. */
async function varied(picture: ReturnType<typeof fileOf>): Promise<{ spec: GenerationSpec; notes: readonly string[] }> {
  const commandFixture = createCommandFixture();
  expect(await commandFixture.act(ben, 'vary', { pictures: [picture] })).toEqual({ kind: 'posted' });
  const { task, notes = [] } = commandFixture.queue.last();
  return { spec: specOf(task), notes: notes.filter((note) => !/^The file names the model tiny-conv,/.test(note)) };
}

const settings = (changes: string, prompt = 'a fox') =>
  `${prompt}\nSteps: 4, Sampler: Euler a, CFG scale: 1.5, Seed: 5, Size: 64x64, Model: sketch, ${changes}`;

describe('Vary this, of a file by another program', () => {
  it('draws with the nearest sampler, and names the one it lacks', async () => {
    const { spec, notes } = await varied(await fixture('restart'));
    expect(spec).toMatchObject({ sampler: 'heun', prompt: 'a fox', negative: 'text', seed: 5, ...VARIED });
    expect(notes).toEqual([
      'The file names the sampler “Restart”, which Easel does not have; Heun is the nearest and is used.',
    ]);
  });

  it('finds the settings before further lines', async () => {
    const { spec, notes } = await varied(await fixture('template'));
    expect(spec).toMatchObject({ prompt: 'a red fox', negative: 'text', steps: 4, noiseDevice: 'cuda' });
    expect(notes).toEqual([]);
    const further = await varied(await written(`${settings('RNG: CPU')}\nCommand line: --xformers`));
    expect(further.notes).toEqual(['The file has lines after its settings; they are ignored.']);
  });

  it('reads UTF-8 in tEXt', async () => {
    const { spec } = await varied(await fixture('utf8text'));
    expect(spec).toMatchObject({ prompt: '雪の中の狐', negative: '文字' });
  });

  it('keeps a seed of more than 53 bits', async () => {
    expect((await varied(await fixture('seed64'))).spec.seed).toBe(804_822_466_654_819);
    const largest = await varied(await written(settings('RNG: NV').replace('Seed: 5', 'Seed: 18446744073709551615')));
    expect(largest.spec).toMatchObject({ seed: '18446744073709551615', noiseDevice: 'cuda' });
    expect(largest.notes).toEqual([]);
  });

  it('keeps a tag with two strengths', async () => {
    expect((await varied(await fixture('lora_three'))).spec.prompt).toBe('a fox <lora:ref_lin:0.8:0.5>');
  });

  it.each([
    ['Size: 64x64', 'Size: 750x1003', { width: 744, height: 1000 }, '750×1003'],
    ['Size: 64x64', 'Size: 4096x2048', { width: 2048, height: 1024 }, '4096×2048'],
    ['Size: 64x64', 'Size: 8x100', { width: 64, height: 96 }, '8×100'],
    ['Steps: 4', 'Steps: 9000', { steps: 150 }, 'steps 9000'],
    ['CFG scale: 1.5', 'CFG scale: 90', { guidance: 30 }, 'guidance 90'],
    ['CFG scale: 1.5', 'CFG scale: -2', { guidance: 0 }, 'guidance -2'],
    ['RNG', 'Clip skip: 20, RNG', { clipSkip: 12 }, 'clip skip 20'],
    ['RNG', 'Seed resize from: 100x9000, RNG', { seedSize: { width: 64, height: 2048 } }, 'seed size 100×9000'],
    ['RNG', 'Denoising strength: 7, Hires upscale: 2, RNG', { hires: { factor: 2, strength: 1 } }, 'strength'],
    ['RNG', 'Denoising strength: 0.5, Hires upscale: 9, RNG', { hires: { factor: 4, strength: 0.5 } }, 'upscales ×9'],
  ])('brings “%s” as “%s” within what Easel draws, and says so', async (from, to, expected, said) => {
    const { spec, notes } = await varied(await written(settings('RNG: CPU').replace(from, to)));
    expect(spec).toMatchObject(expected);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(said);
  });

  it('floors odd sides', async () => {
    const { spec, notes } = await varied(await fixture('size_odd'));
    expect(spec).toMatchObject({ width: 744, height: 1000 });
    expect(notes).toEqual([
      'The file has the size 750×1003, but sides must be multiples of 8 from 64 to 2048; 744×1000 is used.',
    ]);
  });

  it.each([
    ['Steps: 4', 'Steps: many', { steps: 20 }, "Easel cannot use the file's steps “many”; 20 is used."],
    ['Seed: 5', 'Seed: 0.5', { seed: 1000 }, "Easel cannot use the file's seed “0.5”; 1000 is used."],
    ['Seed: 5', 'Seed: -1', { seed: 1000 }, "Easel cannot use the file's seed “-1”; 1000 is used."],
    ['Seed: 5, ', '', { seed: 1000 }, 'The file has no seed; 1000 is used.'],
    ['CFG scale: 1.5, ', '', { guidance: 4 }, 'The file has no guidance; 4 is used.'],
    ['Size: 64x64, ', '', { width: 128, height: 128 }, 'The file has no size; 128×128 is used.'],
    ['Sampler: Euler a, ', '', { sampler: 'dpmpp_2m' }, 'The file has no sampler; DPM++ 2M is used.'],
    ['Euler a', 'Wobble', { sampler: 'dpmpp_2m' }, "Easel cannot use the file's sampler “Wobble”; DPM++ 2M is used."],
  ])("takes the model's own for what is missing or unknown: “%s” as “%s”", async (from, to, expected, note) => {
    const { spec, notes } = await varied(await written(settings('RNG: CPU').replace(from, to)));
    expect(spec).toMatchObject(expected);
    expect(notes).toEqual([note]);
  });

  it('says that no model is named, and which resources of Civitai are left out', async () => {
    const { spec, notes } = await varied(await fixture('civitai'));
    expect(spec).toMatchObject({ model: 'sketch', sampler: 'dpmpp_2m_karras', clipSkip: 2, seed: 839_351_144 });
    expect(spec.noiseDevice).toBeUndefined();
    expect(notes).toEqual([
      'The file has no model; sketch is used.',
      'The file lists Civitai resources that its prompt does not use (lora number 426797 at 0.4); they are skipped. Add available LoRAs with `--lora`.',
    ]);
  });

  it.each([
    ['Denoising strength: 0.4', /^The file was made from an init image/],
    ['Denoising strength: 0.4, Mask blur: 4', /^The file was made by inpainting another picture/],
    ['ControlNet 0: "Module: canny, Model: x, Weight: 1"', /^The file used ControlNet/],
    ['ADetailer model: face_yolov8n.pt, ADetailer confidence: 0.3', /^The file used ADetailer/],
    ['RP Active: True, RP Divide mode: Matrix', /^The file used regional prompts/],
    ['Refiner: xl-refiner, Refiner switch at: 0.8', /^The file used a refiner model/],
    ['Hypernet: ink, Hypernet strength: 0.5', /^The file used a hypernetwork/],
    ['Face restoration: CodeFormer', /^The file used face restoration/],
    ['Tiling: True', /^The file used tiling/],
    ['Postprocess upscale by: 2, Postprocess upscaler: R-ESRGAN', /upscaled or restored afterwards/],
    ['Lora hashes: "ink: 12ab, wash: 34cd"', /^The file lists LoRAs that its prompt does not use \(ink, wash\)/],
    ['VAE: ft-mse, ENSD: 31337', /^The file also has VAE, ENSD, which Easel does not repeat\.$/],
    ['Variation seed: 5', /^The file has a variation that cannot be read/],
  ])('has a note for what it leaves out: %s', async (changes, note) => {
    const { notes } = await varied(await written(settings(`${changes}, RNG: CPU`)));
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(note);
  });

  it('has none for what was not used, or is in the prompt', async () => {
    const unused =
      'Face restoration: None, Tiling: False, Lora hashes: "ink: 12ab", Model hash: 12ab, Version: v1.10.1';
    expect((await varied(await written(settings(unused, 'a fox <lora:ink:1>')))).notes).toEqual([]);
  });

  it('repeats a second pass by its size, with the nearest upscaler', async () => {
    const { spec, notes } = await varied(await fixture('hiresresize'));
    expect(spec.hires).toEqual({ factor: 2, strength: 0.7, mode: 'lanczos' });
    expect(notes).toEqual([
      'The file names the upscaler “4x-UltraSharp”, which Easel does not have; Lanczos is the nearest and is used.',
    ]);
    const shape = settings('Denoising strength: 0.5, Hires resize: 128x192, Hires steps: 10, RNG: CPU');
    const other = await varied(await written(shape));
    expect(other.spec.hires).toEqual({ factor: 3, strength: 0.5 });
    expect(other.notes).toEqual([
      'The hires pass of the file (128×192) has a different aspect ratio from its first pass (64×64); the aspect ratio of the first pass is kept.',
      'The hires pass of the file has its own settings, which Easel does not support; the settings of the first pass are used.',
    ]);
  });

  it.each([
    ['RNG: cuda', 'cuda'],
    ['RNG: NV', 'cuda'],
    ['RNG: CPU, Version: v1.10.1', undefined],
    ['Version: f2.0.1v1.10.1-previous-665-gae278f79', 'cuda'],
    ['Version: v1.6.0', 'cuda'],
    ['Version: 22bcc7be', 'cuda'],
    ['Version: neo', 'cuda'],
    ['Model hash: 6ce0161689', 'cuda'],
    ['App: SD.Next', 'cuda'],
    ['Model hash: 6ce0161689, Version: ComfyUI', undefined],
    ['Model hash: 6ce0161689, Version: Fooocus v2.5.5', undefined],
    ['User: Ada', undefined],
  ])('knows whose noise a seed means by “%s”', async (changes, device) => {
    expect((await varied(await written(settings(changes)))).spec.noiseDevice).toBe(device);
  });

  it('says when nobody here has that noise', async () => {
    const { notes } = await varied(await written(settings('RNG: std_default, Version: stable-diffusion.cpp')));
    expect(notes).toEqual([
      'The file uses a noise source that Easel does not have (RNG: std_default); the composition differs.',
    ]);
  });

  it.each([
    'sketch.safetensors',
    'SKETCH.ckpt',
    'SD15\\Sketch.safetensors',
    'a/b/sketch.safetensors [6ce0161689]',
    'Sketch [6ce0161689]',
  ])('knows the model by the file that other programs name: %s', async (name) => {
    const { spec, notes } = await varied(
      await written(settings('RNG: CPU').replace('Model: sketch', `Model: ${name}`)),
    );
    expect(spec.model).toBe('sketch');
    expect(notes).toEqual([]);
  });
});

describe('Show recipe, of a file by another program', () => {
  it.each(['civitai', 'forge', 'hiresresize', 'img2img', 'restart', 'seed64', 'size_odd', 'template', 'utf8text'])(
    'shows a command that is accepted, and what is other: %s',
    async (name) => {
      const commandFixture = createCommandFixture();
      const picture = await fixture(name);
      const lines = readLines(await commandFixture.act(ben, 'recipe', { pictures: [picture] }));
      const command = lines.find((line) => line.startsWith('/imagine '));
      await commandFixture.imagine(ben, command?.slice('/imagine '.length) ?? '');
      const { spec, notes } = await varied(picture);
      expect(specOf(commandFixture.queue.last().task)).toEqual({ ...spec, count: 1, variations: [] });
      for (const note of notes.filter((one) => !one.includes('; sketch is used'))) expect(lines).toContain(note);
    },
  );

  it('says why a file cannot be drawn again', async () => {
    const commandFixture = createCommandFixture();
    const long = await written(settings('RNG: CPU', 'fox '.repeat(800)));
    expect(readLines(await commandFixture.act(ben, 'recipe', { pictures: [long] })).at(-1)).toMatch(
      /^It cannot be drawn again here: The prompt is 3,199 characters long/,
    );
  });
});
