import type { ModelDescription } from '../descriptions.ts';
import { EngineError } from '../errors.ts';
import { planWindows } from '../latents/windows.ts';
import { MAX_WHOLE_PIXELS, TILE_SIDE } from '../networks/autoencoder.ts';
import { rowsPerPicture } from '../prompt/composition.ts';
import type { TextLoad } from '../prompt/text-load.ts';
import { sizeOf, specOf, upscaleOf } from '../spec/recipe.ts';
import type { EngineTask } from '../task.ts';
import type { Footprint } from './footprint.ts';

/** How a task is run within the memory there is. */
export interface MemoryPlan {
  /** Most rows of one UNet call. */
  readonly maxRows: number;
  /** Pixels of the largest picture that goes through the VAE whole. */
  readonly wholePixels: number;
  /** Estimate of the most the engine's process will take, bytes. */
  readonly peak: number;
}

/** What bounds the memory of a task. */
export interface MemoryRules {
  /** Bytes that the engine's process may take; undefined is any number. */
  readonly limit: number | undefined;
  /** One network at a time. */
  readonly offload: boolean;
  readonly maxRows: number;
}

const MIB = 2 ** 20;
/** Node, ONNX Runtime and the code. */
const BASE = 200 * MIB;
/** Of one session beyond its weights. */
const SESSION = 45 * MIB;
/** Real-ESRGAN's largest network: its weights, and what it computes a tile with. */
const UPSCALER = 700 * MIB;
/** A pixel while a picture is put together of its tiles, and while finished pictures wait for the others of their task. */
const BYTES_PER_PIXEL_AT_WORK = 40;
const BYTES_PER_PIXEL_DONE = 8;
/**
 * What a UNet row computes with for a chunk of its prompt, in chunks: the row's own copies, and keys and values at the
 * widest level, which are each up to 1280 / 768 as wide.
 */
const TEXT_COPIES = 6;
const SHORT_TEXT = { encodings: 2, longest: 1 };
/** Sizes are tried in steps of this, pixels. */
const SIZE_STEP = 64;

/** What a task takes beside its model and its pictures. */
export interface Burden {
  /** Bytes of its LoRAs. */
  readonly adapters?: number;
  /** Of its prompts; absent counts as one chunk each. */
  readonly text?: Pick<TextLoad, 'encodings' | 'longest'>;
}

/**
 * @throws EngineError `out_of_memory` with the largest that fits, when the task does not
 */
export function planMemory(
  task: EngineTask,
  footprint: Footprint,
  rules: MemoryRules,
  burden: Burden = {},
): MemoryPlan {
  const demand = demandOf(task, rules.maxRows, burden);
  const plan = fitting(demand, footprint, rules);
  if (plan !== undefined) return plan;
  throw refusal(demand, footprint, rules);
}

/** Of one picture as the model draws by default, bytes. */
export function peakByDefault(model: ModelDescription, footprint: Footprint, offload: boolean): number {
  const { width, height, guidance } = model;
  const rows = guidance > 1 ? 2 : 1;
  const text = SHORT_TEXT;
  const demand = {
    width,
    height,
    rows,
    pictures: 1,
    encodes: false,
    judges: true,
    upscales: false,
    adapterBytes: 0,
    text,
  };
  return peakOf(demand, footprint, MAX_WHOLE_PIXELS, offload);
}

/** What of a task counts. */
interface Demand {
  readonly width: number;
  readonly height: number;
  readonly pictures: number;
  /** Rows of a UNet call. */
  readonly rows: number;
  readonly encodes: boolean;
  readonly judges: boolean;
  /** Whether an upscaler model enlarges. */
  readonly upscales: boolean;
  readonly adapterBytes: number;
  readonly text: NonNullable<Burden['text']>;
}

function demandOf(task: EngineTask, maxRows: number, burden: Burden): Demand {
  const spec = specOf(task);
  const pictures = task.kind === 'generate' ? spec.count : 1;
  return {
    ...sizeOf(task),
    pictures,
    rows: Math.min(pictures * rowsPerPicture(spec), maxRows),
    encodes: spec.init !== undefined || drawsOverPixels(task),
    judges: spec.safety !== false,
    upscales: upscaleOf(task)?.upscaler !== undefined,
    adapterBytes: burden.adapters ?? 0,
    text: burden.text ?? SHORT_TEXT,
  };
}

/** What was enlarged as pixels goes back through the VAE. */
function drawsOverPixels(task: EngineTask): boolean {
  const upscale = upscaleOf(task);
  return upscale?.mode === 'lanczos' && upscale.strength > 0;
}

/** The plan with the largest calls within the limit; tiles only where not even one row leaves room for the VAE. */
function fitting(demand: Demand, footprint: Footprint, { limit, offload, maxRows }: MemoryRules) {
  for (const wholePixels of [MAX_WHOLE_PIXELS, TILE_SIDE ** 2]) {
    const peakWith = (rows: number) => peakOf({ ...demand, rows }, footprint, wholePixels, offload);
    for (let rows = maxRows; rows >= 1; rows -= 1) {
      if (limit !== undefined && peakWith(rows) > limit) continue;
      const plan: MemoryPlan = { maxRows: rows, wholePixels, peak: peakWith(Math.min(rows, demand.rows)) };
      return plan;
    }
  }
  return undefined;
}

/** Bytes. Without offload every network stays, and so does what the UNet computed with; the VAE lets go of it. */
function peakOf(demand: Demand, footprint: Footprint, wholePixels: number, offload: boolean): number {
  const { width, height, pictures, rows, judges, upscales, adapterBytes, text: prompts } = demand;
  const encodes = demand.encodes || footprint.alwaysEncodes;
  const pixels = width * height;
  const [, latentRows, latentColumns] = planWindows(
    [1, height / footprint.vaeFactor, width / footprint.vaeFactor],
    footprint.windows,
  ).shape;
  const attended = (prompts.longest - 1) * TEXT_COPIES * footprint.textChunk;
  const unetWork = rows * (latentRows * latentColumns * footprint.unetPerLatent + attended);
  const vaeWork = (pixels <= wholePixels ? pixels : Math.min(pixels, TILE_SIDE ** 2)) * footprint.vaePerPixel;
  const texts = footprint.textEncoders.map((bytes) => bytes + SESSION);
  const unet = footprint.unet + SESSION + unetWork;
  const decoder = footprint.vaeDecoder + SESSION;
  const encoder = encodes ? footprint.vaeEncoder + SESSION : 0;
  const checker = judges && footprint.safetyChecker > 0 ? footprint.safetyChecker + SESSION : 0;
  const networks = offload
    ? Math.max(...texts, unet, decoder + vaeWork, encoder + (encodes ? vaeWork : 0), checker)
    : texts.reduce((sum, bytes) => sum + bytes, unet) + decoder + encoder + checker + vaeWork;
  const beside = adapterBytes + prompts.encodings * footprint.textChunk + (upscales ? UPSCALER : 0);
  return BASE + networks + beside + pixels * (BYTES_PER_PIXEL_AT_WORK + pictures * BYTES_PER_PIXEL_DONE);
}

function refusal(demand: Demand, footprint: Footprint, rules: MemoryRules): EngineError {
  const { width, height, pictures } = demand;
  const least = peakOf({ ...demand, rows: 1 }, footprint, TILE_SIDE ** 2, rules.offload);
  const facts = { neededBytes: least, limitBytes: rules.limit ?? 0, width, height, pictures };
  const size = pictures === 1 ? `A picture of ${width}×${height}` : `${pictures} pictures of ${width}×${height}`;
  const what = demand.adapterBytes === 0 ? size : `${size} with these LoRAs`;
  const why = `${what} would need ${gigabytes(least)} GB of memory, but only ${gigabytes(rules.limit ?? 0)} GB are available`;
  const advice = adviceFor(demand, footprint, rules);
  return new EngineError('out_of_memory', `${why}; ${advice}.`, facts);
}

function adviceFor(demand: Demand, footprint: Footprint, rules: MemoryRules): string {
  const { width, height, pictures } = demand;
  const fits = (changes: Partial<Demand>, offload = rules.offload) =>
    fitting({ ...demand, rows: 1, ...changes }, footprint, { ...rules, offload }) !== undefined;
  for (let fewer = pictures - 1; fewer >= 1; fewer -= 1) {
    if (fits({ pictures: fewer })) return `${fewer === 1 ? 'one' : fewer} of this size fits in memory`;
  }
  for (let longest = Math.max(width, height) - 1; longest >= SIZE_STEP; longest -= 1) {
    if (longest % SIZE_STEP !== 0) continue;
    const share = longest / Math.max(width, height);
    const smaller = { width: toMultiple(width * share), height: toMultiple(height * share), pictures: 1 };
    if (fits(smaller)) return `the largest size with this aspect ratio that fits is ${smaller.width}×${smaller.height}`;
  }
  if (fits({ text: SHORT_TEXT })) return 'a shorter prompt, or one with fewer alternations, fits';
  if (fits({ adapterBytes: 0, text: SHORT_TEXT })) return 'the request fits without the LoRAs';
  return `no size fits: ${settingsThatFit(demand, footprint, rules)}use a smaller model, or a machine with more memory`;
}

/** What the operator can set so that it fits, at some cost; "" for nothing. */
function settingsThatFit(demand: Demand, footprint: Footprint, rules: MemoryRules): string {
  const smaller = footprint.inInt8;
  const ways = [
    { settings: 'EASEL_LOW_MEMORY=yes', offload: true, weights: {} },
    ...(smaller === undefined
      ? []
      : [
          { settings: 'EASEL_PRECISION=int8', offload: rules.offload, weights: smaller },
          { settings: 'EASEL_PRECISION=int8 and EASEL_LOW_MEMORY=yes', offload: true, weights: smaller },
        ]),
  ];
  const one = { ...demand, rows: 1 };
  const way = ways.find(
    ({ offload, weights }) => fitting(one, { ...footprint, ...weights }, { ...rules, offload }) !== undefined,
  );
  return way === undefined ? '' : `set ${way.settings}, or `;
}

function toMultiple(side: number): number {
  return Math.max(8, Math.floor(side / 8) * 8);
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
