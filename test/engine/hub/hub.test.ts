import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hubModelName, parseHubId, resolveModelPlace } from '../../../engine/hub/hub-id.ts';
import { readHubModel } from '../../../engine/hub/hub-model.ts';
import type { GenerationSpec, Progress } from '../../../engine/index.ts';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { loadClipTokenizer } from '../../../engine/tokenizer/clip.ts';
import { GOOD_TOKEN, type HubServer, openHubServer, repositoryOf } from '../../doubles/hub-server.ts';
import { tinyModel } from '../goldens.ts';
import { encodeSafetensors, storedTensors } from '../model/checkpoint-file.ts';
import { familyModel } from '../model/family-checkpoint.ts';

let hub: HubServer;
let home: string;
const REPO = 'painters/tiny-conv';
const junk = {
  'README.md': '# tiny',
  'v1.ckpt': 'x',
  'unet/diffusion_pytorch_model.bin': 'x',
  'v1.safetensors': 'x'.repeat(30_000),
};
const half = { 'unet/diffusion_pytorch_model.fp16.safetensors': 'h'.repeat(30_000) };
const tiny = repositoryOf(REPO, tinyModel('tiny-conv'), { ...junk, ...half });
const unet = tiny.files.get('unet/diffusion_pytorch_model.safetensors') ?? Buffer.alloc(0);
const id = (text: string) => parseHubId(text) ?? { repo: text, revision: 'main' };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'easel-hub-'));
  const noSafetensors = [...tiny.files].filter(([path]) => !path.endsWith('.safetensors'));
  hub = await openHubServer([
    tiny,
    { ...tiny, name: 'painters/gated', gated: true },
    { ...tiny, name: 'painters/huge', claimed: { 'unet/diffusion_pytorch_model.safetensors': 1e16 } },
    { ...tiny, name: 'painters/secret', isPrivate: true },
    { ...tiny, name: 'painters/pickled', files: new Map(noSafetensors) },
    { ...tiny, name: 'painters/no-model', files: new Map([['README.md', Buffer.from('')]]) },
  ]);
  vi.stubEnv('HF_HOME', home);
  vi.stubEnv('HF_ENDPOINT', hub.url);
  for (const name of ['HF_TOKEN', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_HUB_OFFLINE', 'HF_TOKEN_PATH']) {
    vi.stubEnv(name, undefined);
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
  await rm(home, { recursive: true });
});

const spec: GenerationSpec = {
  prompt: 'a red fox in the snow',
  negative: '',
  width: 64,
  height: 64,
  steps: 2,
  guidance: 5,
  sampler: 'ddim',
  model: 'tiny-conv',
  seed: 3,
  count: 1,
  variations: [],
};

async function picture(place: string, onProgress?: (progress: Progress) => void): Promise<Buffer> {
  const engine = createRuntime({ modelSources: [place], threads: 1, previewEvery: 0 });
  try {
    const { pictures } = await engine.run({ kind: 'generate', spec }, onProgress === undefined ? {} : { onProgress });
    return Buffer.from(pictures[0]?.rgb ?? []);
  } finally {
    await engine.close();
  }
}

async function fetchWhole(text = REPO): Promise<void> {
  await (await readHubModel(id(text), 1)).download?.run(() => undefined);
}

const folderOf = (...names: string[]) => join(home, 'hub', 'models--painters--tiny-conv', ...names);

describe('a model on the Hub', () => {
  test('is downloaded when it is first needed and gives the picture of its folder', async () => {
    const expected = await picture(tinyModel('tiny-conv'));
    const engine = createRuntime({ modelSources: [REPO] });
    const { models } = await engine.describe();
    expect(models[0]).toMatchObject({ id: 'tiny-conv', downloadBytes: expect.any(Number) });
    expect(hub.sent).toBeLessThan(unet.length);

    const seen: Progress[] = [];
    expect((await picture(REPO, (progress) => seen.push(progress))).equals(expected)).toBe(true);
    expect(seen[0]).toMatchObject({ phase: 'downloading', step: 0, steps: 2 });
    const files = hub.requests
      .filter((line) => line.includes('/resolve/'))
      .map((line) => line.split('/').slice(5).join('/'));
    expect(new Set(files)).toEqual(
      new Set([
        ...['model_index.json', 'scheduler/scheduler_config.json', 'tokenizer/merges.txt', 'tokenizer/vocab.json'],
        ...['tokenizer/special_tokens_map.json', 'tokenizer/tokenizer_config.json'],
        ...['unet/config.json', 'vae/config.json', 'text_encoder/config.json', 'text_encoder/model.safetensors'],
        ...['unet/diffusion_pytorch_model.safetensors', 'vae/diffusion_pytorch_model.safetensors'],
      ]),
    );
  });

  test('of Stable Diffusion XL comes with both text encoders and both tokenizers', async () => {
    hub = await openHubServer([repositoryOf('painters/tiny-xl', familyModel('tiny-xl'))]);
    vi.stubEnv('HF_ENDPOINT', hub.url);
    const draw = async (place: string) => {
      const engine = createRuntime({ modelSources: [place], threads: 1, previewEvery: 0 });
      const { pictures } = await engine.run({ kind: 'generate', spec: { ...spec, model: 'tiny-xl' } });
      await engine.close();
      return Buffer.from(pictures[0]?.rgb ?? []);
    };
    expect((await draw('painters/tiny-xl')).equals(await draw(familyModel('tiny-xl')))).toBe(true);
    const fetched = hub.requests.filter((line) => line.includes('/resolve/'));
    for (const file of ['text_encoder_2/model.safetensors', 'tokenizer_2/special_tokens_map.json']) {
      expect(fetched.some((line) => line.endsWith(file))).toBe(true);
    }
  });

  test("lies in the layout of Python's cache", async () => {
    await fetchWhole();
    expect(await readFile(folderOf('refs', 'main'), 'utf8')).toBe(tiny.commit);
    const file = folderOf('snapshots', tiny.commit, 'unet', 'diffusion_pytorch_model.safetensors');
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
    expect(await readlink(file)).toMatch(/^\.\.[\\/]\.\.[\\/]\.\.[\\/]blobs[\\/][0-9a-f]{64}$/);
    expect((await readFile(file)).equals(unet)).toBe(true);
    expect((await readdir(folderOf('blobs'))).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
  });

  test('that is in the cache is used without asking anyone, offline too', async () => {
    await fetchWhole();
    await hub.close();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const model = await readHubModel(id(REPO));
    expect(model.download).toBeUndefined();
    expect(model.id).toBe('tiny-conv');
  });

  test('that is not in the cache says so offline, and asks nobody', async () => {
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(readHubModel(id(REPO))).rejects.toThrow(
      /tiny-conv \(main\) is not complete in the cache and HF_HUB_OFFLINE/,
    );
    expect(hub.requests).toEqual([]);
  });

  test('comes through connections that are cut again and again, each going on after what has come', async () => {
    hub.cutAfter = 100_000;
    await fetchWhole();
    const file = folderOf('snapshots', tiny.commit, 'unet', 'diffusion_pytorch_model.safetensors');
    expect((await readFile(file)).equals(unet)).toBe(true);
    // How much of what was sent last gets lost with a connection is the runtime's affair.
    const starts = hub.requests.flatMap((line) => {
      const [, path, start] = /(\/store\/\w+) bytes=(\d+)-/.exec(line) ?? [];
      return path === undefined ? [] : [{ path, start: Number(start) }];
    });
    expect(starts.length).toBeGreaterThan(5);
    for (const { path } of starts) {
      const ofFile = starts.filter((one) => one.path === path).map(({ start }) => start);
      expect(ofFile).toEqual(ofFile.toSorted((a, b) => a - b));
      expect(ofFile.at(-1)).toBeGreaterThan(0);
    }
  });

  test('goes on where a process was ended', async () => {
    const blob = createHash('sha256').update(unet).digest('hex');
    await mkdir(folderOf('blobs'), { recursive: true });
    await writeFile(folderOf('blobs', `${blob}.incomplete`), unet.subarray(0, 50_000));
    await fetchWhole();
    expect(hub.requests).toContain(`GET /store/${blob} bytes=50000-`);
    expect((await readFile(folderOf('blobs', blob))).equals(unet)).toBe(true);
  });

  test('comes from a Hub that has a bad moment', async () => {
    const model = await readHubModel(id(REPO), 1);
    hub.failures = 3;
    await model.download?.run(() => undefined);
    expect((await readHubModel(id(REPO))).download).toBeUndefined();
  });

  test('whose content is not what was promised is refused, and fetched anew the next time', async () => {
    hub.corrupt = true;
    await expect(fetchWhole()).rejects.toThrow(/does not match its size or hash; try again later/);
    hub.corrupt = false;
    await fetchWhole();
  });

  test('in a variant takes its files, and names those there are when there is none', async () => {
    await expect(readHubModel(id(`${REPO}:fp16`))).rejects.toThrow(/no variant "fp16" of its vae; it has vae\/diff/);
    await expect(readHubModel(id(`${REPO}:ema`))).rejects.toThrow(/no variant "ema" of its unet/);
  });

  test('of which another program has the pickles in the cache is fetched, and refused offline with the reason', async () => {
    await fetchWhole();
    const cached = folderOf('snapshots', tiny.commit, 'unet', 'diffusion_pytorch_model');
    await rename(`${cached}.safetensors`, `${cached}.bin`);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(readHubModel(id(REPO))).rejects.toThrow(/diffusion_pytorch_model\.bin is a pickle file/);
    vi.stubEnv('HF_HUB_OFFLINE', undefined);
    await fetchWhole();
    expect((await readHubModel(id(REPO))).download).toBeUndefined();
  });

  test('in shards, and in a variant that it has alone, is downloaded whole and found again in the cache', async () => {
    await hub.close();
    const file = 'unet/diffusion_pytorch_model.safetensors';
    const tensors = [...(await storedTensors(join(tinyModel('tiny-conv'), file)))];
    const halves = [tensors.slice(0, 50), tensors.slice(50)];
    const shards = halves.map((half, i) => {
      return [
        `unet/diffusion_pytorch_model-0000${i + 1}-of-00002.safetensors`,
        encodeSafetensors(new Map(half)),
      ] as const;
    });
    const map = halves.flatMap((half, i) => half.map(([name]) => [name, shards[i]?.[0].split('/')[1]]));
    const vae = tiny.files.get('vae/diffusion_pytorch_model.safetensors') ?? Buffer.alloc(0);
    const others = [...tiny.files].filter(([path]) => !/^(unet|vae)\/.*(bin|safetensors)$/.test(path));
    const index: readonly [string, Buffer] = [
      `${file}.index.json`,
      Buffer.from(JSON.stringify({ weight_map: Object.fromEntries(map) })),
    ];
    const bf16: readonly [string, Buffer] = ['vae/diffusion_pytorch_model.bf16.safetensors', vae];
    hub = await openHubServer([{ ...tiny, files: new Map([...others, ...shards, index, bf16]) }]);
    vi.stubEnv('HF_ENDPOINT', hub.url);
    expect((await picture(REPO)).equals(await picture(tinyModel('tiny-conv')))).toBe(true);
    await hub.close();
    const { weights, download } = await readHubModel(id(REPO));
    expect(download).toBeUndefined();
    expect(weights.unet.shards).toEqual([
      expect.stringMatching(/-00001-of-00002\.safetensors$/),
      expect.stringMatching(/-00002-of-00002\.safetensors$/),
    ]);
    expect(weights.vae.file).toMatch(/\.bf16\.safetensors$/);
  });

  test('whose list of shards leads out of its folder is refused before any weights are fetched', async () => {
    await hub.close();
    const others = [...tiny.files].filter(([path]) => !/^unet\/.*(bin|safetensors)$/.test(path));
    const index = JSON.stringify({ weight_map: { a: '../../../secret.safetensors' } });
    const shard = 'unet/diffusion_pytorch_model-00001-of-00001.safetensors';
    const more: [string, Buffer][] = [
      ['unet/diffusion_pytorch_model.safetensors.index.json', Buffer.from(index)],
      [shard, unet],
    ];
    hub = await openHubServer([{ ...tiny, files: new Map([...others, ...more]) }]);
    vi.stubEnv('HF_ENDPOINT', hub.url);
    await expect(readHubModel(id(REPO), 1)).rejects.toThrow(
      /names "\.\.\/\.\.\/\.\.\/secret\.safetensors", which is no/,
    );
    expect(hub.sent).toBeLessThan(unet.length);
  });

  test('with a safety checker brings it along, in the variant where there is one', async () => {
    await hub.close();
    const checker = { 'safety_checker/config.json': '{}', 'safety_checker/model.safetensors': 's'.repeat(40_000) };
    const wholeHalf = ['vae/diffusion_pytorch_model', 'text_encoder/model'].map((name) => [
      `${name}.fp16.safetensors`,
      'h',
    ]);
    const files = { ...junk, ...half, ...checker, ...Object.fromEntries(wholeHalf) };
    hub = await openHubServer([repositoryOf(REPO, tinyModel('tiny-conv'), files)]);
    vi.stubEnv('HF_ENDPOINT', hub.url);
    await fetchWhole(`${REPO}:fp16`);
    const { weights, safetyChecker, download } = await readHubModel(id(`${REPO}:fp16`));
    expect(download).toBeUndefined();
    expect(weights.unet.file).toMatch(/unet.diffusion_pytorch_model\.fp16\.safetensors$/);
    expect(safetyChecker?.file).toMatch(/safety_checker.model\.safetensors$/);
  });

  test('whose tokenizer is one tokenizer.json comes with it, and with the files that name words and padding', async () => {
    await hub.close();
    const saved = join(tinyModel('tiny-conv'), '../../tokenizers/saved');
    const old = repositoryOf(REPO, tinyModel('tiny-conv'));
    const rest = [...old.files].filter(([path]) => !path.startsWith('tokenizer/'));
    const tokenizer = await Promise.all(
      ['tokenizer.json', 'tokenizer_config.json'].map(
        async (name) => [`tokenizer/${name}`, await readFile(join(saved, name))] as const,
      ),
    );
    const words = [`tokenizer/added_tokens.json`, Buffer.from('{"<late>":921}')] as const;
    hub = await openHubServer([{ ...old, files: new Map([...rest, ...tokenizer, words]) }]);
    vi.stubEnv('HF_ENDPOINT', hub.url);
    await fetchWhole();
    const { textEncoders, download } = await readHubModel(id(REPO));
    const folder = textEncoders[0].tokenizer;
    expect(download).toBeUndefined();
    expect((await readdir(folder)).sort()).toEqual(['added_tokens.json', 'tokenizer.json', 'tokenizer_config.json']);
    expect((await loadClipTokenizer(folder)).encode('<sks> <late>')).toEqual([914, 921]);
  });

  test('that an older Easel fetched without the files that name the padding gets them', async () => {
    await fetchWhole();
    const folder = folderOf('snapshots', tiny.commit, 'tokenizer');
    for (const name of ['special_tokens_map.json', 'tokenizer_config.json']) await rm(join(folder, name));
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect((await readHubModel(id(REPO))).download).toBeUndefined();
    vi.stubEnv('HF_HUB_OFFLINE', undefined);
    await readHubModel(id(REPO));
    expect(await readdir(folder)).toContain('special_tokens_map.json');
    await rm(join(folder, 'special_tokens_map.json'));
    await rm(join(folder, 'tokenizer_config.json'));
    await hub.close();
    expect((await readHubModel(id(REPO), 1)).download).toBeUndefined();
  });

  test('sends its token to the Hub and to nobody else', async () => {
    vi.stubEnv('HF_TOKEN', GOOD_TOKEN);
    await fetchWhole('painters/gated');
    await fetchWhole('painters/secret');
    expect(hub.sent).toBeGreaterThan(unet.length);
    expect(hub.tokensAtStore).toEqual([]);
  });

  test('finds the token where `hf auth login` puts it', async () => {
    await writeFile(join(home, 'token'), `${GOOD_TOKEN}\n`);
    await fetchWhole('painters/secret');
  });

  test.each([
    ['painters/gated', /painters\/gated is gated: accept its terms at http.*painters\/gated, then set HF_TOKEN/],
    [
      'painters/secret',
      /The model painters\/secret was not found on the Hub; check the name, and set HF_TOKEN if it is private/,
    ],
    ['painters/nobody', /The model painters\/nobody was not found on the Hub; check the name/],
    [`${REPO}@v9`, /The model painters\/tiny-conv with the revision "v9" was not found on the Hub; check both/],
    ['painters/pickled', /diffusion_pytorch_model\.bin is a pickle file, which can run code when it is opened/],
    ['painters/no-model', /painters\/no-model on the Hub has no model_index\.json; use a Stable Diffusion model/],
  ])('written %s is refused with what to do', async (text, sentence) => {
    await expect(readHubModel(id(text), 1)).rejects.toThrow(sentence);
  });

  test('for which the disk has no room is refused before anything large is fetched', async () => {
    await expect(fetchWhole('painters/huge')).rejects.toThrow(
      /The disk is too full for painters\/huge: it needs 10000000\.0 GB, and .* GB are free; free some space, or set HF_HOME/,
    );
    expect(hub.sent).toBeLessThan(unet.length);
  });

  test('whose Hub cannot be reached says so', async () => {
    await hub.close();
    await expect(readHubModel(id(REPO), 1)).rejects.toThrow(
      /The Hub at http.* cannot be reached for painters\/tiny-conv/,
    );
  });

  test('holds up nobody else while it comes, and can be given up', async () => {
    let open = () => {};
    hub.gate = new Promise((resolve) => {
      open = resolve;
    });
    const engine = createRuntime({ modelSources: [tinyModel('tiny-linear'), REPO], threads: 1, previewEvery: 0 });
    const waiting = engine.run({ kind: 'generate', spec });
    const abort = new AbortController();
    const given = engine.run({ kind: 'generate', spec }, { signal: abort.signal });
    const other = await engine.run({ kind: 'generate', spec: { ...spec, model: 'tiny-linear' } });
    expect(other.pictures).toHaveLength(1);
    abort.abort();
    await expect(given).rejects.toThrow(/cancelled/);
    open();
    expect((await waiting).pictures).toHaveLength(1);
    await engine.close();
  });
});

describe('a Hub id', () => {
  test.each([
    [
      'CompVis/stable-diffusion-v1-4',
      { repo: 'CompVis/stable-diffusion-v1-4', revision: 'main' },
      'stable-diffusion-v1-4',
    ],
    ['a/b@refs/pr/3:fp16', { repo: 'a/b', revision: 'refs/pr/3', variant: 'fp16' }, 'b-refs/pr/3-fp16'],
    ['a/b:fp16', { repo: 'a/b', revision: 'main', variant: 'fp16' }, 'b-fp16'],
  ])('is read from "%s"', (text, expected, name) => {
    expect(parseHubId(text)).toEqual(expected);
    expect(hubModelName(expected)).toBe(name);
  });

  test.each(['./a', '/a/b', 'a/b/c', '../b', 'a/..', 'a', '', 'models/x.safetensors', 'a/b@../../etc', 'C:\\models'])(
    'is not what "%s" is',
    (text) => {
      expect(parseHubId(text)).toBeUndefined();
    },
  );

  test('is a folder where there is one', () => {
    expect(resolveModelPlace('models/sketch', process.cwd())).toBe(join(process.cwd(), 'models/sketch'));
    expect(resolveModelPlace('CompVis/stable-diffusion-v1-4', process.cwd())).toBe('CompVis/stable-diffusion-v1-4');
  });
});
