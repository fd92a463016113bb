import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTiled } from '../../../engine/latents/tiles.ts';
import { readModelFolder } from '../../../engine/model/folder.ts';
import { type Networks, openNetworks } from '../../../engine/networks/networks.ts';
import { golden, goldenTensors, relativeError, tinyModel } from '../goldens.ts';

interface TileCase {
  readonly name: string;
  readonly latents: string;
  readonly image: string;
  readonly moments: string;
}

describe("the VAE in tiles is diffusers'", () => {
  const { tile, factor, cases } = golden<{ tile: number; factor: number; cases: TileCase[] }>('tiles');
  let networks: Networks;
  beforeAll(async () => {
    networks = await openNetworks(await readModelFolder(tinyModel('tiny-conv')), { provider: 'cpu', threads: 1 });
  });
  afterAll(() => networks.close());

  test.each(cases)('when it decodes $name', async ({ latents, image }) => {
    const tensor = await goldenTensors('tiles');
    const scale = networks.model.vae.scaling_factor;
    const decoded = await runTiled(
      async ({ data, shape }) => planes(await networks.decode(data, shape)),
      { data: tensor(latents).floats.map((value) => value * scale), shape: shapeOf(tensor(latents).shape) },
      { inputSide: tile / factor, outputSide: tile },
    );
    expect(decoded.shape).toEqual(shapeOf(tensor(image).shape));
    expect(relativeError(decoded.data, tensor(image).floats)).toBeLessThan(1e-4);
  });

  test.each(cases)('when it encodes $name', async ({ image, moments }) => {
    const tensor = await goldenTensors('tiles');
    const clamped = tensor(image).floats.map((value) => Math.min(Math.max(value, -1), 1));
    const encoded = await runTiled(
      async ({ data, shape: [, height, width] }) => planes(await networks.encodeImage(data, [3, height, width])),
      { data: clamped, shape: shapeOf(tensor(image).shape) },
      { inputSide: tile, outputSide: tile / factor },
    );
    expect(encoded.shape).toEqual(shapeOf(tensor(moments).shape));
    expect(relativeError(encoded.data, tensor(moments).floats)).toBeLessThan(1e-4);
  });
});

function shapeOf([, channels = 0, height = 0, width = 0]: readonly number[]): readonly [number, number, number] {
  return [channels, height, width];
}

function planes({ data, shape }: { readonly data: Float32Array; readonly shape: readonly number[] }) {
  return { data, shape: shapeOf(shape) };
}
