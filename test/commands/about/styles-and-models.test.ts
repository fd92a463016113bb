import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { specOf } from '../../../engine/index.ts';
import { loadStyles } from '../../../src/app/load-styles.ts';
import { ada, createCommandFixture, readLines } from '../command-fixture.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'easel-styles-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(yaml: string): string {
  const file = join(folder, 'styles.yaml');
  writeFileSync(file, yaml);
  return file;
}

describe('styles', () => {
  it('ship with Easel, each with a line about it, and an operator adds and replaces', () => {
    const shipped = loadStyles();
    expect(shipped.length).toBeGreaterThanOrEqual(12);
    for (const { name, about, prompt } of shipped) {
      expect(name).toMatch(/^[a-z][a-z-]*$/);
      expect(about).not.toBe('');
      expect(prompt.split('{prompt}')).toHaveLength(2);
    }
    const own = loadStyles(
      write('- {name: ink, prompt: "mine, {prompt}"}\n- {name: чернила, prompt: "{prompt}, тушь"}'),
    );
    expect(own).toHaveLength(shipped.length + 1);
    expect(own.find(({ name }) => name === 'ink')).toEqual({
      name: 'ink',
      about: '',
      prompt: 'mine, {prompt}',
      negative: '',
    });
  });

  it.each([
    [
      '- {name: ink, prompt: "no place"}',
      /style 1 \(ink\): prompt must contain \{prompt\}, which stands for the user's prompt\.$/,
    ],
    [
      '- {name: Ink Wash, prompt: "{prompt}"}',
      /style 1 \(Ink Wash\): name must be 1 to 32 lower-case letters, digits and -\.$/,
    ],
    ['- {name: none, prompt: "{prompt}"}', /name cannot be none, which means no style\.$/],
    ['- {name: a, prompt: "{prompt}"}\n- {prompt: "{prompt}"}', /style 2: name is missing\.$/],
    ['- {name: a, prompt: "{prompt}"}\n- {name: a, prompt: "{prompt}"}', /names the style a twice; keep one\.$/],
    ['ink: {prompt: x}', /styles\.yaml must contain a list of styles\.$/],
    ['- {name: ink', /styles\.yaml is not YAML: .+\.$/],
  ])('an operator’s mistake is said in a sentence: %s', (yaml, sentence) => {
    expect(() => loadStyles(write(yaml))).toThrow(sentence);
  });

  it('a file that is not there is named', () => {
    const file = join(folder, 'absent.yaml');
    expect(() => loadStyles(file)).toThrow(`The style file ${file} cannot be read; correct EASEL_STYLES, or unset it.`);
  });

  it('put their words around the prompt before it is queued, so that the recipe stays exact', async () => {
    const fixture = createCommandFixture();
    const job = await fixture.imagine(ada, 'a $& fox --style Pixel-Art --no snow --lora ink:0.5, chalk');
    expect(specOf(job.task)).toMatchObject({
      prompt:
        'pixel art of a $& fox, 16-bit, limited palette, crisp square pixels, no anti-aliasing <lora:ink:0.5> <lora:chalk:1>',
      negative: 'snow, photograph, smooth, blurry, gradient, 3d render',
    });
  });

  it('are listed and shown', async () => {
    const fixture = createCommandFixture();
    expect(readLines(await fixture.say(ada, 'styles'))).toContain('watercolour Loose washes on rough paper');
    expect(readLines(await fixture.say(ada, 'styles', 'ink'))).toEqual([
      'ink – Black ink lines and hatching',
      'Prompt: ink drawing of {prompt}, black and white, fine pen lines, cross-hatching, high contrast, white paper',
      'Negative prompt: colour, photograph, grey background, blurry, signature',
    ]);
    await expect(fixture.say(ada, 'styles', 'inks')).rejects.toHaveProperty('code', 'unknown_choice');
  });

  it.each(['ink:9', '<lora:ink>', 'a:b:c', 'a,b,c,d,e,f,g,h,i'])(
    'a LoRA that cannot be is refused: %s',
    async (lora) => {
      await expect(createCommandFixture().imagine(ada, 'a fox', { lora })).rejects.toHaveProperty('userMessage');
    },
  );
});

describe('/models', () => {
  it('lists sizes, samplers, downloads and what is refused', async () => {
    const fixture = createCommandFixture();
    const { models } = fixture.context.engine;
    const engine = {
      ...fixture.context.engine,
      models: models.map((model) =>
        model.id === 'sd-v1-4'
          ? { ...model, downloadBytes: 3_438_000_000, samplerNote: 'sd-v1-4: pndm is used instead.' }
          : model,
      ),
      refused: ['`old.ckpt` is a pickle, which can run code; use safetensors.'],
    };
    const { models: command } = await import('../../../commands/about/models.ts');
    const asked = { kind: 'command', id: '1', user: ada, channel: { platform: 'web', channelId: 'lobby' } } as const;
    const request = { ...asked, command: 'models', options: {}, text: '', isModerator: false, isAgeRestricted: false };
    expect(readLines(await command.run(request, { ...fixture.context, engine }))).toEqual([
      'sketch Sketch: Stable Diffusion 1 · 128×128 · 20 steps · guidance 4 · DPM++ 2M · default in this channel',
      'sd-v1-4 Stable Diffusion 1.4: Stable Diffusion 1 · 512×512 · 50 steps · guidance 7.5 · PLMS · v-prediction · safety checker · TAESD previews · uses 5.8 GB of memory · downloads 3.4 GB on first use',
      '⚠ sd-v1-4: pndm is used instead.',
      '⚠ old.ckpt is a pickle, which can run code; use safetensors.',
    ]);
  });
});
