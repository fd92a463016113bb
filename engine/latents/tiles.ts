type Shape = readonly [channels: number, height: number, width: number];

/** Flat [channels, height, width]. */
export interface Planes {
  readonly data: Float32Array;
  readonly shape: Shape;
}

/** Sides of a tile before and after the network, in its own units. */
export interface Tiling {
  /** Side of what goes in at once, and of what comes of it. */
  readonly inputSide: number;
  readonly outputSide: number;
}

/** Neighbours share a quarter. */
const OVERLAP = 0.25;

/**
 * Sends planes through a network in overlapping tiles, whose seams are blended linearly: the memory of one tile for a
 * picture of any size. Tile for tile diffusers' `AutoencoderKL.tiled_decode` and `_tiled_encode`.
 */
export async function runTiled(
  run: (tile: Planes) => Promise<Planes>,
  input: Planes,
  { inputSide, outputSide }: Tiling,
): Promise<Planes> {
  const stride = Math.floor(inputSide * (1 - OVERLAP));
  const blended = Math.floor(outputSide * OVERLAP);
  const [, height, width] = input.shape;
  const strips: Planes[] = [];
  let above: readonly Planes[] = [];
  for (let y = 0; y < height; y += stride) {
    const row: Planes[] = [];
    for (let x = 0; x < width; x += stride) {
      const tile = await run(crop(input, y, x, inputSide));
      const upper = above[row.length];
      if (upper !== undefined) blendDown(upper, tile, blended);
      const left = row.at(-1);
      if (left !== undefined) blendAcross(left, tile, blended);
      row.push(tile);
    }
    const kept = row.map((tile) => crop(tile, 0, 0, outputSide - blended));
    strips.push(join(kept, 2));
    above = row;
  }
  return join(strips, 1);
}

function crop({ data, shape: [channels, height, width] }: Planes, top: number, left: number, side: number): Planes {
  const rows = Math.min(side, height - top);
  const columns = Math.min(side, width - left);
  const out = new Float32Array(channels * rows * columns);
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < rows; y += 1) {
      const from = (c * height + top + y) * width + left;
      out.set(data.subarray(from, from + columns), (c * rows + y) * columns);
    }
  }
  return { data: out, shape: [channels, rows, columns] };
}

/** The top of `tile` grows out of the bottom of the one above; in place. */
function blendDown(above: Planes, tile: Planes, most: number): void {
  const [channels, height, width] = tile.shape;
  const extent = Math.min(above.shape[1], height, most);
  for (let c = 0; c < channels; c += 1) {
    for (let y = 0; y < extent; y += 1) {
      const from = (c * above.shape[1] + above.shape[1] - extent + y) * above.shape[2];
      const to = (c * height + y) * width;
      for (let x = 0; x < width; x += 1) mix(tile.data, to + x, above.data[from + x], y / extent);
    }
  }
}

/** The left of `tile` grows out of the right of the one before it; in place. */
function blendAcross(left: Planes, tile: Planes, most: number): void {
  const [channels, height, width] = tile.shape;
  const extent = Math.min(left.shape[2], width, most);
  for (let row = 0; row < channels * height; row += 1) {
    const from = (row + 1) * left.shape[2] - extent;
    for (let x = 0; x < extent; x += 1) mix(tile.data, row * width + x, left.data[from + x], x / extent);
  }
}

function mix(data: Float32Array, at: number, other: number | undefined, share: number): void {
  data[at] = (other ?? 0) * (1 - share) + (data[at] ?? 0) * share;
}

/** Side by side along axis 1 (height) or 2 (width). */
function join(parts: readonly Planes[], axis: 1 | 2): Planes {
  const [first] = parts;
  if (first === undefined) throw new RangeError('nothing to join');
  const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
  const shape: Shape = axis === 1 ? [first.shape[0], total, first.shape[2]] : [first.shape[0], first.shape[1], total];
  const lines = axis === 1 ? shape[0] : shape[0] * shape[1];
  const out = new Float32Array(shape[0] * shape[1] * shape[2]);
  let at = 0;
  for (let line = 0; line < lines; line += 1) {
    for (const { data } of parts) {
      const length = data.length / lines;
      out.set(data.subarray(line * length, (line + 1) * length), at);
      at += length;
    }
  }
  return { data: out, shape };
}
