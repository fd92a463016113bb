import { mkdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { createEngine, type PrecisionChoice } from '../../engine/index.ts';
import { sharp } from '../../src/image/sharp.ts';
import type { SquarePicture } from './measure.ts';

export interface Wish {
  readonly prompt: string;
  readonly seed: number;
  readonly negative?: string;
  readonly guidance?: number;
  /** The name under which the picture is kept, without ".png". */
  readonly name: string;
}

export type Draw = (wish: Wish) => Promise<SquarePicture>;

/** Draws with Easel's own engine at the model's own settings while `use` runs; keeps the pictures in `keep` when given. */
export async function withEngine(
  model: string,
  keep: string | undefined,
  use: (draw: Draw) => Promise<void>,
  precision: PrecisionChoice = 'float32',
): Promise<void> {
  const engine = createEngine({ modelSources: [resolve(model)], precision });
  try {
    const { models } = await engine.describe();
    const known = models.find(({ id }) => id === basename(resolve(model)));
    if (known === undefined) throw new Error(`The engine does not know the model in ${model}.`);
    if (keep !== undefined) await mkdir(keep, { recursive: true });
    await use(async ({ prompt, seed, negative = '', guidance = known.guidance, name }) => {
      const { width, height, steps, sampler, id } = known;
      const spec = {
        prompt,
        negative,
        width,
        height,
        steps,
        guidance,
        sampler,
        model: id,
        seed,
        count: 1,
        variations: [],
      };
      const [picture] = (await engine.run({ kind: 'generate', spec })).pictures;
      if (picture === undefined) throw new Error(`No picture for "${prompt}".`);
      if (keep !== undefined) {
        const raw = { width: picture.width, height: picture.height, channels: 3 } as const;
        await sharp(picture.rgb, { raw })
          .png()
          .toFile(join(keep, `${name}.png`));
      }
      return { side: picture.width, rgb: picture.rgb };
    });
  } finally {
    await engine.close();
  }
}

export async function readPicture(file: string): Promise<SquarePicture> {
  const { data, info } = await sharp(await readFile(file))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== info.height) throw new Error(`${file} is ${info.width}×${info.height}; pictures must be square.`);
  return { side: info.width, rgb: data };
}
