import { stat } from 'node:fs/promises';
import PQueue from 'p-queue';
import { type Planes, runTiled } from '../latents/tiles.ts';
import type { RgbImage } from '../picture.ts';
import { graphTargetFor, type NetworkOptions } from '../providers/options.ts';
import { openSession, type Session } from '../session/session.ts';
import { readUpscaler, type UpscalerFile } from './upscaler-file.ts';

/** Pixels. */
const TILE_SIDE = 192;

/** The upscaler models, of which the last one used stays in memory. */
export class Upscalers {
  readonly #options: () => Promise<NetworkOptions>;
  readonly #turns = new PQueue({ concurrency: 1 });
  #current: { readonly key: string; readonly opened: UpscalerFile; readonly session: Session } | undefined;

  /** @param options of the provider that runs them, once it is known */
  constructor(options: () => Promise<NetworkOptions>) {
    this.#options = options;
  }

  /**
   * Enlarges by the model's own side ratio, in tiles.
   * @param beforeTile is awaited before each call of the network; what it throws ends the work
   * @throws EngineError for a file that is no upscaler
   */
  enlarge(file: string, picture: RgbImage, beforeTile: () => Promise<void>): Promise<RgbImage> {
    return this.#turns.add(async () => {
      const { opened, session } = await this.#open(file);
      const run = async ({ data, shape }: Planes): Promise<Planes> => {
        await beforeTile();
        const output = await session.run({ picture: { data, shape: [1, ...shape] } });
        const [, channels = 0, height = 0, width = 0] = output.shape;
        return { data: output.data, shape: [channels, height, width] };
      };
      const padded = padTo(toPlanes(picture), opened.multiple);
      const tiling = { inputSide: TILE_SIDE, outputSide: TILE_SIDE * opened.scale };
      const larger = await runTiled(run, padded, tiling);
      return toPicture(larger, picture.width * opened.scale, picture.height * opened.scale);
    });
  }

  close(): Promise<void> {
    return this.#turns.add(() => this.#leave());
  }

  async #open(file: string) {
    // A file that was replaced under its name is another.
    const key = `${(await stat(file)).mtimeMs} ${file}`;
    if (this.#current?.key === key) return this.#current;
    const opened = await readUpscaler(file);
    await this.#leave();
    const options = await this.#options();
    const { precision: _, ...rest } = options;
    const session = await openSession(opened.graph(graphTargetFor(opened.weights, rest)), { ...rest, arena: false });
    this.#current = { key, opened, session };
    return this.#current;
  }

  async #leave(): Promise<void> {
    const leaving = this.#current;
    this.#current = undefined;
    await leaving?.session.close();
  }
}

/** Bytes → [3, height, width] in 0…1. */
function toPlanes({ width, height, rgb }: RgbImage): Planes {
  const plane = width * height;
  const data = new Float32Array(3 * plane);
  for (let i = 0; i < data.length; i += 1) data[(i % 3) * plane + Math.floor(i / 3)] = (rgb[i] ?? 0) / 255;
  return { data, shape: [3, height, width] };
}

/** Repeats the last row and column until the sides are multiples of `multiple`. */
function padTo({ data, shape: [channels, height, width] }: Planes, multiple: number): Planes {
  const rows = Math.ceil(height / multiple) * multiple;
  const columns = Math.ceil(width / multiple) * multiple;
  if (rows === height && columns === width) return { data, shape: [channels, height, width] };
  const out = new Float32Array(channels * rows * columns);
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1) {
        const from = (c * height + Math.min(y, height - 1)) * width + Math.min(x, width - 1);
        out[(c * rows + y) * columns + x] = data[from] ?? 0;
      }
    }
  }
  return { data: out, shape: [channels, rows, columns] };
}

/** The upper left part of planes in 0…1, as bytes. */
function toPicture({ data, shape: [, rows, columns] }: Planes, width: number, height: number): RgbImage {
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let color = 0; color < 3; color += 1) {
        const value = data[(color * rows + y) * columns + x] ?? 0;
        rgb[(y * width + x) * 3 + color] = Math.round(Math.min(Math.max(value, 0), 1) * 255);
      }
    }
  }
  return { width, height, rgb };
}
