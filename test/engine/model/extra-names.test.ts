import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLora } from '../../../engine/lora/find-lora.ts';
import { findExtras } from '../../../engine/model/extras.ts';
import { encodeSafetensors } from './checkpoint-file.ts';

const LORAS = fileURLToPath(new URL('../../fixtures/loras-peft', import.meta.url));
const COMPOSED = 'caf\u00e9';
const DECOMPOSED = 'cafe\u0301';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'easel-names-'));
});
afterEach(() => rm(root, { recursive: true }));

async function write(file: string, outputName?: string): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  const metadata = outputName === undefined ? undefined : { ss_output_name: outputName };
  await writeFile(join(root, file), encodeSafetensors(new Map(), metadata));
}

/** Where the named LoRA lies in the folder. */
async function find(name: string): Promise<string | undefined> {
  const file = await findLora(name, await findExtras([root]));
  return file?.slice(root.length + 1);
}

describe("a LoRA's name", () => {
  test.each([
    ['ink', 'Lora/ink.safetensors'],
    ['INK', 'Lora/ink.safetensors'],
    ['ink.safetensors', 'Lora/ink.safetensors'],
    ['te,st1', 'Lora/te,st1.safetensors'],
    [COMPOSED, `Lora/${DECOMPOSED}.safetensors`],
    [DECOMPOSED.toUpperCase(), `Lora/${DECOMPOSED}.safetensors`],
    ['pretty', 'Lora/x8812.safetensors'],
    ['Pretty', 'Lora/x8812.safetensors'],
    ['wide/wash', 'Lora/wide/wash.safetensors'],
    ['pink', undefined],
    ['', undefined],
  ])('written "%s" finds %s', async (written, file) => {
    for (const name of ['ink', 'te,st1', DECOMPOSED, 'wide/wash']) await write(`Lora/${name}.safetensors`);
    await write('Lora/x8812.safetensors', 'pretty');
    await writeFile(join(root, 'Lora/junk.safetensors'), 'x');
    expect(await find(written)).toBe(file);
  });

  test('in other capitals than two files have is refused with both, and each is found as it is', async () => {
    await write('Lora/Ink.safetensors');
    await write('Lora/ink.safetensors');
    expect(await find('Ink')).toBe('Lora/Ink.safetensors');
    expect(await find('ink')).toBe('Lora/ink.safetensors');
    await expect(find('INK')).rejects.toThrow(
      'Several LoRAs are named "INK" (Ink, ink); use the file name of one of them.',
    );
  });

  test("that two files' makers gave is refused with what they are called here", async () => {
    await write('Lora/a1.safetensors', 'pretty');
    await write('Lora/a2.safetensors', 'pretty');
    await write('Lora/plain.safetensors', 'ink');
    await write('Lora/ink.safetensors');
    await expect(find('pretty')).rejects.toThrow(
      'Several LoRAs are named "pretty" (a1, a2); use the file name of one of them',
    );
    expect(await find('ink')).toBe('Lora/ink.safetensors');
  });

  test("that changes in its file's metadata is read anew", async () => {
    await write('Lora/a1.safetensors', 'pretty');
    expect(await find('pretty')).toBe('Lora/a1.safetensors');
    await write('Lora/a1.safetensors', 'prettier');
    expect(await find('pretty')).toBeUndefined();
    expect(await find('prettier')).toBe('Lora/a1.safetensors');
  });

  test("is its folder's where a library calls every file the same", async () => {
    await cp(join(LORAS, 'brush'), join(root, 'Lora/brush'), { recursive: true });
    await write('Lora/mine/pytorch_lora_weights.safetensors');
    await write('Lora/kit/unet/adapter_model.safetensors');
    await write('Lora/kit/text_encoder/adapter_model.safetensors');
    const { loras, notes } = await findExtras([root]);
    expect([...loras.keys()]).toEqual(['brush', 'kit/text_encoder', 'kit/unet', 'mine']);
    expect(notes).toEqual([]);
  });

  test("that a second file has, too, is the first one's; the second goes by its path, which is said", async () => {
    await write('Lora/a/ink.safetensors');
    await write('Lora/b/ink.safetensors');
    const { loras, notes } = await findExtras([root]);
    expect([...loras.keys()]).toEqual(['ink', 'b/ink']);
    expect(notes).toEqual(['Two files are the LoRA "ink": the one in a is; write "b/ink" for the other.']);
    expect(await find('ink')).toBe('Lora/a/ink.safetensors');
    expect(await find('b/ink')).toBe('Lora/b/ink.safetensors');
  });
});

describe('a learned word', () => {
  test('is called by its folder where a training script calls every file the same', async () => {
    for (const name of ['cat-toy', 'style-x']) await write(`embeddings/${name}/learned_embeds.safetensors`);
    await write('embeddings/pup/learned_embeds-steps-500.safetensors');
    await write('embeddings/a/glow.safetensors');
    await write('embeddings/b/glow.safetensors');
    const { embeddings, notes } = await findExtras([root]);
    expect([...embeddings.keys()]).toEqual(['glow', 'b/glow', 'cat-toy', 'pup', 'style-x']);
    expect(notes).toEqual([expect.stringMatching(/textual inversion "glow": the one in a is; write "b\/glow"/)]);
  });
});
