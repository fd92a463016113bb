import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TextReading } from '../generation-spec.ts';
import { shallowUnetGraph } from '../graph/shallow-unet.ts';
import { taesdDecoderGraph } from '../graph/taesd.ts';
import { textEncoderGraph } from '../graph/text-encoder.ts';
import { unetGraph } from '../graph/unet.ts';
import { DEEP_INPUT, DEEP_OUTPUT, KEY_STRIDE_INPUT } from '../graph/unet-parts.ts';
import { vaeDecoderGraph, vaeEncoderGraph } from '../graph/vae.ts';
import { int8Target } from '../int8/int8-target.ts';
import type { Adapter, AppliedLora } from '../lora/adapter.ts';
import type { Model } from '../model/model.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { RgbImage } from '../picture.ts';
import type { ChunkTokens, PromptChunk } from '../prompt/chunks.ts';
import { chunksOf, weigh } from '../prompt/conditioning.ts';
import { emphasisOf } from '../prompt/read-prompts.ts';
import { graphTargetFor, type NetworkOptions } from '../providers/options.ts';
import { openSafetyChecker, type SafetyChecker } from '../safety/checker.ts';
import { whileLoading } from '../session/activity.ts';
import { type Output, openSession, type Session } from '../session/session.ts';
import { createSessionOpener } from '../session/session-swapper.ts';
import { checkClipSkip } from '../spec/check-for-model.ts';
import { type ClipTokenizer, sharedClipTokenizer } from '../tokenizer/clip.ts';
import { withLearnedWords } from '../tokenizer/learned-tokenizer.ts';
import { refuseNotFinite } from '../weights/finite.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { readLearnedWords, roomOf } from '../weights/textual-inversion.ts';
import { WeightSet } from '../weights/weight-set.ts';
import { openWeights } from '../weights/weight-source.ts';
import { AdaptableSession } from './adaptable-session.ts';
import { LoraCache } from './lora-cache.ts';
import { ShallowUnet } from './shallow-unet.ts';

/** The networks of one model, as functions of numbers. */
export interface Networks {
  readonly model: Model;
  readonly tokenizer: ClipTokenizer;
  /** The tokenizer and how many positions a chunk has. */
  readonly tokens: ChunkTokens;
  /**
   * One form of a prompt whole → [chunks · positions, hidden], flat: what its chunks give, side by side, for comparison
   * with other programs.
   */
  encodeText(prompt: string, reading: TextReading): Promise<Float32Array>;
  /** One chunk of a prompt, weighted → [positions, hidden], flat. @param clipSkip see `TextReading` */
  encodeChunk(chunk: PromptChunk, clipSkip: number): Promise<Float32Array>;
  /** One call for the whole batch; each picture has its own timestep. */
  predict(call: UnetCall): Promise<Float32Array>;
  /** As `predict`, and `deep`, [batch, channels, height, width], which calls of similar timesteps can use again. */
  predictAndKeep(call: UnetCall): Promise<{ readonly prediction: Float32Array; readonly deep: Float32Array }>;
  /** The outermost layers alone: about a tenth of the work. @param deep of an earlier call with the same rows */
  predictFrom(deep: Float32Array, call: UnetCall): Promise<Float32Array>;
  /** One picture's latents as the UNet scales them → [3, 8h, 8w], about −1…1. */
  decode(latents: Float32Array, shape: readonly [number, number, number]): Promise<Output>;
  /** [3, H, W] in −1…1 → mean and log variance, [2 · channels, H/8, W/8], as the VAE scales them. */
  encodeImage(image: Float32Array, shape: readonly [number, number, number]): Promise<Output>;
  /** As `decode`, roughly and fast; undefined where the model has no Tiny AutoEncoder. */
  decodeTiny(latents: Float32Array, shape: readonly [number, number, number]): Promise<Output | undefined>;
  /** Whether the model's own safety checker, opened when it is first needed, objects; never where it has none. */
  isUnsafe(picture: RgbImage): Promise<boolean>;
  /**
   * The same networks with these LoRAs added to their weights; for the same LoRAs the same object, so that tasks can
   * share its calls. @throws EngineError naming the LoRA that does not fit this model
   */
  withLoras(loras: readonly AppliedLora[]): Promise<Networks>;
  close(): Promise<void>;
}

/** One call of the UNet for a batch of rows; a row is one picture under one text. */
export interface UnetCall {
  readonly batch: number;
  /** [batch, channels, height, width]. */
  readonly sample: Float32Array;
  readonly shape: readonly [channels: number, height: number, width: number];
  /** [batch]. */
  readonly timesteps: Float32Array;
  /** [batch, tokens, hidden]. */
  readonly context: Float32Array;
  /** The largest self-attention takes keys from every n-th pixel of every n-th row. @default 1 */
  readonly keyStride?: number;
}

/** How the networks of a model are opened. */
export interface ModelOptions extends NetworkOptions {
  /** One network at a time is in memory; the small decoder of previews stays. */
  readonly offload?: boolean;
  /** Textual inversions: their files by the word that stands for them. */
  readonly embeddings?: ReadonlyMap<string, string>;
}

/** Opens the text encoder, the UNet and the decoder; the encoder of pictures when it is first needed. With `offload`, each of them whenever it is. */
export async function openNetworks(model: Model, options: ModelOptions): Promise<Networks> {
  const [words, clip, text, unet, vae] = await Promise.all([
    readLearnedWords(options.embeddings ?? new Map(), roomOf(model.textEncoder)),
    sharedClipTokenizer(model.tokenizer, model.textEncoder.vocab_size),
    openWeights('textEncoder', model.weights.textEncoder),
    openWeights('unet', model.weights.unet),
    openWeights('vae', model.weights.vae),
  ]);
  const open = createSessionOpener(options, options.offload === true);
  // Found anew for each graph: the folder of int8 weights may have been deleted since the last one.
  const textTarget = () => targetFor(text, options, (target) => textEncoderGraph(model.textEncoder, text, target));
  const unetTarget = () => targetFor(unet, options, (target) => unetGraph(model.unet, unet, target));
  const textEncoder = await AdaptableSession.open(
    {
      network: 'textEncoder',
      graph: async (slots) => textEncoderGraph(model.textEncoder, text, await textTarget(), slots),
    },
    open,
  );
  const denoiser = await AdaptableSession.open(
    { network: 'unet', graph: async (slots) => unetGraph(model.unet, unet, await unetTarget(), slots) },
    open,
  );
  const shallow = new ShallowUnet({
    graph: async (slots) => shallowUnetGraph(model.unet, unet, await unetTarget(), slots),
    open: (graph) => openSession(graph, options),
  });
  const decoder = await open(vaeDecoderGraph(model.vae, vae, graphTargetFor(vae, options)), { arena: false });
  let imageEncoder: Session | undefined;
  let tinyDecoder: Session | undefined;
  let safetyChecker: SafetyChecker | undefined;

  const { max_position_embeddings: positions, hidden_size: hidden } = model.textEncoder;
  const { scaling_factor: scale } = model.vae;
  const tokenizer = withLearnedWords(clip, words.words, model.textEncoder.vocab_size);
  const learned = { data: words.table, shape: [words.table.length / hidden, hidden] };
  const tokens: ChunkTokens = { ...tokenizer, positions };

  async function encode(ids: readonly number[], clipSkip: number, adapter: Adapter): Promise<Float32Array> {
    const { num_hidden_layers: count } = model.textEncoder;
    checkClipSkip(clipSkip, count);
    const layer = count - clipSkip;
    const inputs = {
      input_ids: { data: BigInt64Array.from(ids, BigInt), shape: [1, positions] },
      learned,
      layer: { data: BigInt64Array.of(BigInt(layer)), shape: [] },
    };
    const { data } = await textEncoder.run(inputs, adapter);
    await blameWeights(text, { given: [], made: data });
    return data;
  }

  const adapted = new LoraCache(async (loras) =>
    networks({ textEncoder: await textEncoder.adapter(loras), unet: await denoiser.adapter(loras) }),
  );
  const unetInputs = ({ batch, sample, shape, timesteps, context, keyStride = 1 }: UnetCall) => ({
    sample: { data: sample, shape: [batch, ...shape] },
    timestep: { data: timesteps, shape: [batch] },
    encoder_hidden_states: { data: context, shape: [batch, context.length / batch / hidden, hidden] },
    [KEY_STRIDE_INPUT]: { data: BigInt64Array.of(BigInt(keyStride)), shape: [1] },
  });
  const networks = (adapters: Readonly<Record<'textEncoder' | 'unet', Adapter>>): Networks => ({
    model,
    tokenizer,
    tokens,
    async encodeText(prompt, { syntax, clipSkip }) {
      const all: number[] = [];
      for (const chunk of chunksOf(emphasisOf(prompt, syntax), syntax, tokens)) {
        for (const value of await this.encodeChunk(chunk, clipSkip)) all.push(value);
      }
      return Float32Array.from(all);
    },
    encodeChunk: async ({ ids, weights }, clipSkip) =>
      weigh(await encode(ids, clipSkip, adapters.textEncoder), weights),
    async predict(call) {
      const { data } = await denoiser.run(unetInputs(call), adapters.unet);
      await blameWeights(unet, { given: call.sample, made: data });
      return data;
    },
    async predictAndKeep(call) {
      const { data, also } = await denoiser.run(unetInputs(call), adapters.unet, [DEEP_OUTPUT]);
      await blameWeights(unet, { given: call.sample, made: data });
      return { prediction: data, deep: also[0]?.data ?? new Float32Array() };
    },
    predictFrom(deep, call) {
      const [, height, width] = call.shape;
      const shape = [call.batch, model.unet.block_out_channels[0] ?? 0, height, width];
      return shallow.run({ ...unetInputs(call), [DEEP_INPUT]: { data: deep, shape } }, adapters.unet);
    },
    async decode(latents, shape) {
      const unscaled = latents.map((value) => value / scale);
      const output = await decoder.run({ latents: { data: unscaled, shape: [1, ...shape] } });
      await blameWeights(vae, { given: unscaled, made: output.data });
      return output;
    },
    async encodeImage(image, shape) {
      imageEncoder ??= await open(vaeEncoderGraph(model.vae, vae, graphTargetFor(vae, options)), { arena: false });
      return imageEncoder.run({ image: { data: image, shape: [1, ...shape] } });
    },
    async decodeTiny(latents, shape) {
      if (model.taesd === undefined) return undefined;
      tinyDecoder ??= await openTinyDecoder(model.taesd, options);
      return tinyDecoder.run({ latents: { data: latents, shape: [1, ...shape] } });
    },
    async isUnsafe(picture) {
      if (model.safetyChecker === undefined) return false;
      safetyChecker ??= await openSafetyChecker(model.safetyChecker, open, options);
      return safetyChecker.isUnsafe(picture);
    },
    withLoras: async (loras) => (loras.length === 0 ? plain : adapted.get(loras)),
    async close() {
      await Promise.all(
        [textEncoder, denoiser, shallow, decoder, imageEncoder, tinyDecoder, safetyChecker].map((session) =>
          session?.close(),
        ),
      );
    },
  });
  const plain = networks({ textEncoder: {}, unet: {} });
  return plain;
}

/** For int8 weights whose own folder cannot be written; the system clears it some time. */
const TEMPORARY_INT8_FOLDER = join(tmpdir(), 'easel-int8');

/** @param write the network's graph, for a look at its layers */
async function targetFor(
  weights: WeightSet,
  options: NetworkOptions,
  write: (target: GraphTarget) => unknown,
): Promise<GraphTarget> {
  const target = graphTargetFor(weights, options);
  if (options.precision !== 'int8') return target;
  const folders = [...(options.int8Folder === undefined ? [] : [options.int8Folder]), TEMPORARY_INT8_FOLDER];
  return whileLoading(() => int8Target(target, folders, write));
}

interface NetworkCall {
  readonly given: ArrayLike<number>;
  readonly made: ArrayLike<number>;
}

/**
 * To scan all weights at load would take a quarter of the time that loading takes. A network with one that is no number
 * gives itself away at its first call, when it makes of numbers what is none; then they are scanned.
 * @throws EngineError naming the tensor
 */
async function blameWeights(weights: WeightSet, { given, made }: NetworkCall): Promise<void> {
  if (isAllFinite(given) && !isAllFinite(made)) await whileLoading(() => refuseNotFinite(weights.all()));
}

function isAllFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i += 1) if (!Number.isFinite(values[i])) return false;
  return true;
}

async function openTinyDecoder(file: string, options: NetworkOptions): Promise<Session> {
  const weights = new WeightSet(await readSafetensors(file), file);
  return openSession(taesdDecoderGraph(weights, file, graphTargetFor(weights, options)), options);
}
