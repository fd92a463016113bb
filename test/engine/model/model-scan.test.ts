import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRuntime } from '../../../engine/runtime/runtime.ts';
import { tinyModel } from '../goldens.ts';
import { checkpointTensors, encodeSafetensors, type StoredTensor } from './checkpoint-file.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-scan-'));
});
afterEach(() => rm(root, { recursive: true }));

const painter = encodeSafetensors(await checkpointTensors('tiny-conv'));
const empty: StoredTensor = { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) };

async function write(file: string, bytes: string | Uint8Array = painter): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), bytes);
}

async function describeAll(...places: readonly string[]) {
  const engine = createRuntime({ modelSources: places.length === 0 ? [root] : places, threads: 1 });
  try {
    const description = await engine.describe();
    return { ...description, ids: description.models.map(({ id }) => id) };
  } finally {
    await engine.close();
  }
}

const complaint = (...places: readonly string[]) => describeAll(...places).then(() => 'none', String);

describe('a folder of models', () => {
  test("of AUTOMATIC1111 or Forge is read whole, from the program's own folder", async () => {
    await write('models/Stable-diffusion/painter.safetensors');
    await write('models/Stable-diffusion/anime/deep.safetensors');
    await write('models/Lora/style/ink.safetensors', '');
    await write('models/LyCORIS/wash.safetensors', '');
    await write('models/VAE/other.safetensors', '');
    await write('models/ControlNet/canny.safetensors', '');
    await write('models/ESRGAN/4x.pth', '');
    await write('embeddings/bad-hands.safetensors', '');
    await write('venv/lib/huge.safetensors', '');
    await write('extensions/x/models/theirs.safetensors', '');
    expect(await describeAll()).toMatchObject({
      ids: ['painter', 'deep'],
      loras: ['wash', 'ink'].sort(),
      embeddings: ['bad-hands'],
      refused: [],
    });
  });

  test('of ComfyUI is read from any folder of it', async () => {
    await write('models/checkpoints/painter.safetensors');
    await write('models/loras/ink.safetensors', '');
    await write('models/embeddings/bad-hands.safetensors', '');
    await write('models/clip/clip_l.safetensors', '');
    await write('models/unet/flux.safetensors', '');
    for (const place of [root, join(root, 'models'), join(root, 'models/checkpoints')]) {
      const found = { ids: ['painter'], loras: ['ink'], embeddings: ['bad-hands'], refused: [] };
      expect(await describeAll(place)).toMatchObject(found);
    }
    expect(await describeAll(join(root, 'models/checkpoints/painter.safetensors'))).toMatchObject({
      ids: ['painter'],
      loras: ['ink'],
    });
  });

  test('is read where links lead, each once, in circles too', async () => {
    await write('elsewhere/checkpoints/painter.safetensors');
    await write('elsewhere/kept/ink.safetensors', '');
    await mkdir(join(root, 'models/loras'), { recursive: true });
    await symlink(join(root, 'elsewhere/checkpoints'), join(root, 'models/linked'));
    await symlink(join(root, 'elsewhere/kept'), join(root, 'models/loras/kept'));
    await symlink(join(root, 'models'), join(root, 'models/again'));
    await symlink(join(root, 'models/loras'), join(root, 'models/loras/circle'));
    await symlink(join(root, 'nowhere'), join(root, 'models/broken.safetensors'));
    expect(await describeAll(join(root, 'models'))).toMatchObject({
      ...{ ids: ['painter'], loras: ['ink'] },
      refused: [expect.stringMatching(/^The file broken\.safetensors cannot be opened/)],
    });
  });

  test('is not looked through for ever', async () => {
    await write('1/2/3/4/5/6/deep.safetensors');
    await write('1/2/3/4/5/6/7/deeper.safetensors');
    const { ids, refused } = await describeAll();
    expect(ids).toEqual(['deep']);
    expect(refused).toEqual([expect.stringMatching(/has more than 20,000 files or 6 nested folders/)]);
  });

  test('keeps the first of a name, says which is not used, and goes on', async () => {
    await write('painter.safetensors');
    await cp(tinyModel('tiny-conv'), join(root, 'painter'), { recursive: true });
    await write('old/painter.safetensors');
    await write('other.safetensors');
    const { ids, refused } = await describeAll();
    expect(ids).toEqual(['other', 'painter']);
    expect(refused).toEqual([
      'Two models are named "painter": painter.safetensors is used, painter is not; rename one.',
      expect.stringMatching(/"painter": the one in easel-scan-.* is used, the one in old is not; rename one\.$/),
    ]);
  });

  test('that is given beside one of its own models has it once', async () => {
    await write('painter.safetensors');
    await write('other.safetensors');
    const found = await describeAll(join(root, 'painter.safetensors'), root);
    expect(found).toMatchObject({ ids: ['painter', 'other'], refused: [] });
  });

  test('is not harmed by any of its files', async () => {
    await write('painter.safetensors');
    await mkdir(join(root, 'folder.safetensors'));
    await write('flux.safetensors', encodeSafetensors(new Map([['double_blocks.0.x', empty]])));
    await write('cut.safetensors', painter.subarray(0, 5000));
    await write('old.ckpt', 'x');
    await write('half/unet/config.json', '{}');
    const { ids, refused, refusedFiles } = await describeAll();
    expect(ids).toEqual(['painter']);
    expect(refused.toSorted()).toEqual([
      expect.stringMatching(/^The model folder lacks half\/model_index\.json/),
      expect.stringMatching(/^The weights file cut\.safetensors is damaged/),
      expect.stringMatching(/^flux\.safetensors is a Flux model/),
      expect.stringMatching(/^folder\.safetensors is a folder, not a file; rename or remove it/),
      expect.stringMatching(/^old\.ckpt is a pickle file/),
    ]);
    expect(refused.join('')).not.toContain(root);
    expect(Object.values(refusedFiles ?? {})).toContain(join(root, 'flux.safetensors'));
  });

  test('with what macOS and trash cans leave in it is read as if that were not there', async () => {
    await write('painter.safetensors');
    await write('._painter.safetensors', 'Mac OS X');
    await write('.Trash/gone.safetensors');
    await write('__MACOSX/painter.safetensors');
    await write('Lora/ink.safetensors', '');
    await write('Lora/._ink.safetensors', '');
    await write('embeddings/._glow.safetensors', '');
    expect(await describeAll()).toMatchObject({ ids: ['painter'], loras: ['ink'], embeddings: [], refused: [] });
  });

  test('with no model says what was looked for, and what is there', async () => {
    expect(await complaint()).toMatch(
      /There is no model in easel-scan-\w+: Easel looked for \.safetensors checkpoints and folders in diffusers layout \(with a model_index\.json\), up to 6 folders deep\. Set EASEL_MODEL/,
    );
    await write('old.ckpt', '');
    await write('Lora/ink.safetensors', '');
    expect(await complaint()).toMatch(
      /found only pickle files \(old\.ckpt\), which can run code when they are opened and folders of LoRAs or textual inversions\./,
    );
  });
});
