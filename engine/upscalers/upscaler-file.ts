import { basename } from 'node:path';
import { EngineError } from '../errors.ts';
import { type CompactShape, compactGraph } from '../graph/compact-upscaler.ts';
import { type EsrganShape, esrganGraph } from '../graph/esrgan.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import { readSafetensors, type TensorRef } from '../weights/safetensors.ts';
import { WeightSet } from '../weights/weight-set.ts';

/** An upscaler model, its header read and nothing loaded. */
export interface UpscalerFile {
  readonly file: string;
  /** Side ratio of what it makes. */
  readonly scale: number;
  /** Sides of what it is given are multiples of it. */
  readonly multiple: number;
  readonly weights: WeightSet;
  /** picture float32 [batch, 3, h, w] in 0…1 → larger. */
  graph(target: GraphTarget): Uint8Array;
}

type Tensors = ReadonlyMap<string, TensorRef>;

/** Doublings of an ESRGAN, and of the picture before it. */
const MAX_DOUBLINGS = 3;
const MAX_SCALE = 8;

/**
 * ESRGAN's and Real-ESRGAN's networks of residual dense blocks, in either spelling, and the compact one.
 * @throws EngineError for a pickle, a damaged file, and a network of another kind, by its name
 */
export async function readUpscaler(file: string): Promise<UpscalerFile> {
  const tensors = unwrapped(await readSafetensors(file));
  const found = compactShape(tensors);
  if (found !== undefined) {
    const weights = new WeightSet(tensors, file, 'an upscaler model');
    const graph = (target: GraphTarget) => compactGraph(found, weights, target);
    return { file, scale: found.scale, multiple: 1, weights, graph };
  }
  const current = currentNames(tensors);
  const shape = esrganShape(current);
  if (shape === undefined) throw unknownKind(file);
  const weights = new WeightSet(current, file, 'an upscaler model');
  return {
    file,
    scale: 2 ** shape.doublings / shape.unshuffle,
    multiple: shape.unshuffle,
    weights,
    graph: (target) => esrganGraph(shape, weights, target),
  };
}

/** Training code saves the network as `params_ema.…` or `params.…`. */
function unwrapped(tensors: Tensors): Tensors {
  for (const prefix of ['params_ema.', 'params.', 'module.']) {
    const own = [...tensors].filter(([name]) => name.startsWith(prefix));
    if (own.length > 0) return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  }
  return tensors;
}

function compactShape(tensors: Tensors): CompactShape | undefined {
  const first = tensors.get('body.0.weight');
  const [channels, inputs] = first?.shape ?? [];
  if (channels === undefined || inputs !== 3 || tensors.get('body.1.weight')?.shape[0] !== channels) return undefined;
  let last = 0;
  while (tensors.has(`body.${last + 2}.weight`)) last += 2;
  const scale = Math.sqrt((tensors.get(`body.${last}.weight`)?.shape[0] ?? 0) / 3);
  if (!Number.isInteger(scale) || scale < 1 || scale > MAX_SCALE) return undefined;
  return { channels, convolutions: last / 2 - 1, scale };
}

/** ESRGAN's names of 2018 in Real-ESRGAN's spelling. */
function currentNames(tensors: Tensors): Tensors {
  if (!tensors.has('model.0.weight')) return tensors;
  const numbers = new Set<number>();
  for (const name of tensors.keys()) {
    const number = /^model\.(\d+)\.(weight|bias)$/.exec(name)?.[1];
    if (number !== undefined) numbers.add(Number(number));
  }
  // The first convolution, one for each doubling, and the last two.
  const outer = [...numbers].sort((a, b) => a - b);
  const doublings = outer.length - 3;
  const names = new Map(
    outer.map((number, i) => {
      if (i === 0) return [number, 'conv_first'];
      if (i <= doublings) return [number, `conv_up${i}`];
      return [number, i === doublings + 1 ? 'conv_hr' : 'conv_last'];
    }),
  );
  const renamed = new Map<string, TensorRef>();
  for (const [name, tensor] of tensors) {
    const [, number, kind] = /^model\.(\d+)\.(weight|bias)$/.exec(name) ?? [];
    const [, body, bodyKind] = /^model\.1\.sub\.(\d+)\.(weight|bias)$/.exec(name) ?? [];
    const [, block, part, conv, inner] = /^model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.(weight|bias)$/.exec(name) ?? [];
    if (number !== undefined) renamed.set(`${names.get(Number(number))}.${kind}`, tensor);
    else if (body !== undefined) renamed.set(`conv_body.${bodyKind}`, tensor);
    else if (block !== undefined) renamed.set(`body.${block}.rdb${part}.conv${conv}.${inner}`, tensor);
    else renamed.set(name, tensor);
  }
  return renamed;
}

function esrganShape(tensors: Tensors): EsrganShape | undefined {
  const [channels, inputs] = tensors.get('conv_first.weight')?.shape ?? [];
  const growth = tensors.get('body.0.rdb1.conv1.weight')?.shape[0];
  const count = (name: (i: number) => string) => {
    let found = 0;
    while (tensors.has(name(found))) found += 1;
    return found;
  };
  const doublings = count((i) => `conv_up${i + 1}.weight`);
  const unshuffle = Math.sqrt((inputs ?? 0) / 3);
  const isKnown = Number.isInteger(unshuffle) && unshuffle >= 1 && doublings >= 1 && doublings <= MAX_DOUBLINGS;
  if (channels === undefined || growth === undefined || !isKnown || 2 ** doublings < unshuffle) return undefined;
  // ESRGAN+ has one more convolution in each block.
  if (tensors.has('body.0.rdb1.conv1x1.weight')) return undefined;
  return { channels, growth, blocks: count((i) => `body.${i}.rdb1.conv1.weight`), doublings, unshuffle };
}

function unknownKind(file: string): EngineError {
  return new EngineError(
    'unsupported_model',
    `The upscaler ${basename(file)} is of a kind that Easel does not know; use an ESRGAN, Real-ESRGAN or compact model.`,
    { file },
  );
}
