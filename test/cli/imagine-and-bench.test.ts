import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IMAGINE_OPTIONS } from '../../commands/imagine/imagine-options.ts';
import { SAMPLER_NAMES } from '../../engine/index.ts';
import { loadStyles } from '../../src/app/load-styles.ts';
import { runCli } from '../../src/cli/program.ts';
import { createResolve } from '../../src/cli/resolve.ts';
import { decodePng } from '../../src/image/encode.ts';
import { readParameters } from '../../src/image/png-text.ts';
import { manyScans, nestedSvg, pngOf } from '../doubles/hostile-pictures.ts';
import { createInstantEngine } from '../doubles/instant-engine.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'easel-cli-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** One command line against a painted engine: what a person would see. */
async function easel(args: readonly string[], { isTTY = false } = {}) {
  const engine = createInstantEngine();
  let changed: Readonly<Record<string, string>> = {};
  const said = { stdout: '', stderr: '' };
  const code = await runCli(args, {
    options: IMAGINE_OPTIONS,
    readConfig: (changes = {}) => {
      changed = changes;
      return { modelSources: ['models/painted'], execution: {}, negative: '' };
    },
    openEngine: () => engine,
    resolve: createResolve(() => 77),
    stdout: { write: (text) => (said.stdout += text) },
    stderr: { write: (text) => (said.stderr += text), isTTY, columns: 60 },
  });
  return { ...said, code, engine, changed };
}

describe('easel imagine', () => {
  it('writes the picture with its parameters and says where', async () => {
    const out = join(folder, 'fox.png');
    const { code, stdout, stderr, engine } = await easel(['imagine', 'a fox', '--out', out]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${out} (128×128, seed 77)\n`, stderr: '' });
    expect(engine.closed()).toBe(true);
    const png = new Uint8Array(await readFile(out));
    expect(await readParameters(png)).toBe(
      'a fox\nSteps: 3, Sampler: DDIM, CFG scale: 4, Seed: 77, Size: 128x128, Model: Painted, RNG: CPU',
    );
    expect([...new Set((await decodePng(png)).rgb)]).toEqual([77]);
  });

  it('keeps a seed of 64 bits, counts on from it, and writes it into the files; variations too', async () => {
    const out = join(folder, 'fox.png');
    const last = '18446744073709551615';
    const told = async (seed: string, ...args: string[]) =>
      JSON.parse((await easel(['imagine', 'a fox', '--out', out, '--json', '--seed', seed, ...args])).stdout) as object;
    expect(await told(last, '--count', '2')).toMatchObject({ seed: last, files: [{ seed: last }, { seed: 0 }] });
    const [first = ''] = await readdir(folder);
    expect(await readParameters(new Uint8Array(await readFile(join(folder, first))))).toContain(`Seed: ${last},`);
    expect(await told('804822466654819')).toMatchObject({ seed: 804_822_466_654_819 });
    expect(await told('7,9:0.5')).toMatchObject({ seed: 7, variations: [{ seed: 9, strength: 0.5 }] });
    expect(await readParameters(new Uint8Array(await readFile(out)))).toContain(
      'Variation seed: 9, Variation seed strength: 0.5',
    );
  });

  it.each([
    ['an SVG that takes minutes to lay out', nestedSvg(), 'Easel does not read an SVG'],
    ['a JPEG that takes minutes to decode', manyScans(4000), 'The picture file is damaged'],
    ['nothing', Buffer.alloc(0), 'The picture file is empty'],
  ])('refuses to begin from %s, soon and in a sentence', async (_what, bytes, sentence) => {
    const init = join(folder, 'picture.png');
    await writeFile(init, bytes);
    const began = performance.now();
    const { code, stderr } = await easel(['imagine', 'a fox', '--out', join(folder, 'fox.png'), '--init', init]);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });

  it('reads no endless file, no folder, and a picture that is one', async () => {
    const out = join(folder, 'fox.png');
    const from = (init: string) => easel(['imagine', 'a fox', '--out', out, '--init', init]);
    if (process.platform !== 'win32') expect((await from('/dev/zero')).stderr).toContain('is larger than 256 MiB');
    expect((await from(folder)).stderr).toContain('cannot be read; check the path');
    const init = join(folder, 'red.png');
    await writeFile(init, pngOf(40, 30));
    expect(await from(init)).toMatchObject({ code: 0, stderr: '' });
  });

  it('numbers several pictures and tells all in one line of JSON', async () => {
    const out = join(folder, 'fox.png');
    const args = ['imagine', 'a fox --cfg 2', '--out', out, '--json', '--count', '3', '--seed', '0', '--width', '64'];
    const { stdout } = await easel([...args, '--negative', 'a hare']);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdout)).toEqual({
      prompt: 'a fox',
      negative: 'a hare',
      width: 64,
      height: 128,
      steps: 3,
      guidance: 2,
      sampler: 'ddim',
      model: 'painted',
      seed: 0,
      count: 3,
      files: [1, 2, 3].map((n) => ({ file: join(folder, `fox-${n}.png`), seed: n - 1, width: 64, height: 128 })),
      loadMs: 5,
      textMs: 1,
      stepMs: [9, 2, 4, 3],
      decodeMs: 6,
    });
    expect(await readdir(folder)).toEqual(['fox-1.png', 'fox-2.png', 'fox-3.png']);
  });

  it('draws a bar on a terminal and wipes it', async () => {
    const { stderr, stdout } = await easel(['imagine', 'a fox', '--out', join(folder, 'a.png')], { isTTY: true });
    expect(stderr).toContain(`${'█'.repeat(10)}${'░'.repeat(20)} 1/3`);
    expect(stderr.endsWith('\r\u001b[K')).toBe(true);
    expect(stdout).not.toContain('\r');
  });
});

describe('bad input is one sentence on stderr, exit code 2, and no picture', () => {
  const out = 'picture.png';
  it.each<[readonly string[], string]>([
    [
      ['imagine', '', '--out', out],
      'The prompt is missing; describe the picture, such as `easel imagine "a fox in the snow" --out picture.png`.',
    ],
    [['imagine', 'a fox', '--out', out, '--width', '513'], 'Width must be a multiple of 8; try 512.'],
    [['imagine', 'a fox', '--out', out, '--steps', '0'], 'Steps must be a whole number from 1 to 150; try 1.'],
    [['imagine', 'a fox', '--out', out, '--guidance', 'NaN'], 'Guidance must be a number from 0 to 30; try 7.5.'],
    [
      ['imagine', 'a fox', '--out', out, '--seed', '-1'],
      'Seed must be a whole number from 0 to 18446744073709551615; leave it out for a random one.',
    ],
    [['imagine', 'a fox', '--out', out, '--step', '3'], '`--step` is not an option; did you mean `--steps`?'],
    [['imagine', 'a fox --step 3', '--out', out], '`--step` is not an option; did you mean `--steps`?'],
    [
      ['imagine', 'a', 'fox', '--out', out],
      'The prompt must be in quotes, such as easel imagine "a red circle" --out circle.png.',
    ],
    [['imagine', 'a fox'], "Required option '--out <file.png>' not specified."],
    [['imagine', 'a fox', '--out', 'fox.gif'], '--out must name a .png file; try fox.png.'],
    [
      ['imagine', 'a fox', '--out', 'no/such/folder/fox.png'],
      'The folder no/such/folder does not exist or is not writable; create it, or give another --out.',
    ],
    [['bench', '--width', '7'], 'Width must be from 64 to 2048 pixels; try 64.'],
    [['paint'], "Unknown command 'paint'."],
    [[], 'Give a command, such as `easel imagine`; `easel --help` lists them all.'],
    [['imagine', 'a fox', '--out', out, '--sampler', 'x'], '`x` is not a sampler; `easel samplers` lists them all.'],
    [['imagine', 'a fox', '--out', out, '--style', 'x'], '`x` is not a style; `easel styles` lists them all.'],
    [
      ['imagine', 'a fox --chaos 1', '--out', out],
      '`--chaos` is not an option; `easel imagine --help` lists them all.',
    ],
  ])('%j', async (args, sentence) => {
    const { code, stdout, stderr, engine } = await easel(args);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `${sentence}\n` });
    expect(engine.tasks).toEqual([]);
  });
});

it('what the engine cannot do is its sentence and exit code 1', async () => {
  const { code, stderr, engine } = await easel(['imagine', 'trouble', '--out', join(folder, 'a.png')]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'unet.safetensors is cut short; download it again.\n' });
  expect(engine.closed()).toBe(true);
});

it('lists the samplers and the styles by the names that its options take', async () => {
  const samplers = await easel(['samplers']);
  expect(samplers.code).toBe(0);
  expect(samplers.stdout).toMatch(/^dpmpp_2m_karras +DPM\+\+ 2M Karras$/m);
  expect(samplers.stdout.trim().split('\n')).toHaveLength(SAMPLER_NAMES.length);
  const styles = await easel(['styles']);
  expect(
    styles.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]),
  ).toEqual(loadStyles().map(({ name }) => name));
});

it('help is no trouble', async () => {
  const { code, stdout, stderr } = await easel(['imagine', '--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const { name } of IMAGINE_OPTIONS.filter((option) => !option.freeText)) expect(stdout).toContain(`--${name} <`);
});

it('easel bench times one guided step with one UNet call, warm', async () => {
  const { stdout, engine } = await easel(['bench', '--json', '--width', '64']);
  const times = { loadMs: 5, textMs: 1, stepMs: 3, firstStepMs: 9, decodeMs: 6, secondDecodeMs: 6 };
  const facts = { model: 'painted', provider: 'cpu', threads: 3, peakBytes: 345e6, width: 64, height: 128, count: 1 };
  const measured = JSON.parse(stdout) as Record<string, number>;
  expect(measured).toMatchObject({ ...facts, ...times, steps: 3 });
  expect(measured.picturesPerMinute).toBeCloseTo(60_000 / (1 + 3 * 3 + 6));
  expect(measured.firstPictureMs).toEqual(expect.any(Number));
  const task = { spec: { guidance: 7.5, sampler: 'euler', width: 64 } };
  expect(engine.tasks).toMatchObject([task, task]);
});

it('easel bench says on what it drew and what memory that took', async () => {
  const { stdout } = await easel(['bench']);
  expect(stdout.split('\n')[0]).toBe('painted at 128×128 on cpu, 3 threads');
  expect(stdout).toMatch(/^memory +345 MB at most$/m);
  expect(stdout).toMatch(/^at 3 steps +3750 pictures a minute$/m);
});

it('easel bench takes a provider, a precision and a number of pictures', async () => {
  const { stdout, changed, engine } = await easel([
    'bench',
    '--provider',
    'cpu',
    '--precision',
    'int8',
    '--count',
    '2',
  ]);
  expect(changed).toEqual({ EASEL_PROVIDER: 'cpu', EASEL_PRECISION: 'int8' });
  expect(engine.tasks).toMatchObject([{ spec: { count: 2 } }, { spec: { count: 2 } }]);
  expect(stdout.split('\n')[0]).toBe('2 pictures of painted at 128×128 on cpu, 3 threads');
});
