import type { TextReading } from '../generation-spec.ts';
import { shallowUnetGraph } from '../graph/shallow-unet.ts';
import { taesdDecoderGraph } from '../graph/taesd.ts';
import { unetGraph } from '../graph/unet.ts';
import { DEEP_INPUT, DEEP_OUTPUT, KEY_STRIDE_INPUT, POOLED_INPUT, SIZE_IDS_INPUT } from '../graph/unet-parts.ts';
import { vaeDecoderGraph, vaeEncoderGraph } from '../graph/vae.ts';
import type { Adapter, AppliedLora } from '../lora/adapter.ts';
import { SIZE_IDS } from '../model/configs.ts';
import { type Model, textWidth } from '../model/model.ts';
import type { GraphTarget } from '../onnx/graph-target.ts';
import type { RgbImage } from '../picture.ts';
import type { ChunkTokens, PromptChunk } from '../prompt/chunks.ts';
import { chunksOf } from '../prompt/conditioning.ts';
import { emphasisOf } from '../prompt/read-prompts.ts';
import { graphTargetFor, type NetworkOptions } from '../providers/options.ts';
import { openSafetyChecker, type SafetyChecker } from '../safety/checker.ts';
import { type Output, openSession, type Session } from '../session/session.ts';
import { createSessionOpener, type OpenSession } from '../session/session-swapper.ts';
import type { ClipTokenizer } from '../tokenizer/clip.ts';
import { readSafetensors } from '../weights/safetensors.ts';
import { WeightSet } from '../weights/weight-set.ts';
import { openWeights } from '../weights/weight-source.ts';
import { AdaptableSession } from './adaptable-session.ts';
import { blameWeights, isAllFinite } from './blame-weights.ts';
import { fillValues, keepRows, RowFiller } from './fill-rows.ts';
import { inParts, rowsOf } from './in-parts.ts';
import { ANY_TENSOR, LargestTensor } from './largest-tensor.ts';
import { LoraCache } from './lora-cache.ts';
import { type ModelOptions, targetFor } from './model-options.ts';
import { unetBytesPerRow, vaeBytes } from './normalised-sizes.ts';
import { ShallowUnet } from './shallow-unet.ts';
import { type EncodedChunk, type TextAdapters, TextEncoders } from './text-encoders.ts';
import type { UnetCall } from './unet-call.ts';

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
  /** One chunk of a prompt, weighted. @param clipSkip see `TextReading` */
  encodeChunk(chunk: PromptChunk, clipSkip: number): Promise<EncodedChunk>;
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

/** Opens the text encoders, the UNet and the decoder; the encoder of pictures when it is first needed. With `offload`, each of them whenever it is. */
export async function openNetworks(model: Model, options: ModelOptions): Promise<Networks> {
  const openOne = createSessionOpener(options, options.offload === true);
  const opened: Promise<Session>[] = [];
  try {
    return await assemble(model, options, (...given) => {
      const session = openOne(...given);
      opened.push(session);
      return session;
    });
  } catch (error) {
    // A GPU that has no room for one network must not keep the others.
    for (const session of await Promise.allSettled(opened)) {
      if (session.status === 'fulfilled') await session.value.close();
    }
    throw error;
  }
}

async function assemble(model: Model, options: ModelOptions, open: OpenSession): Promise<Networks> {
  const [unet, vae] = await Promise.all([
    openWeights('unet', model.weights.unet),
    openWeights('vae', model.weights.vae),
  ]);
  // Found anew for each graph: the folder of int8 weights may have been deleted since the last one.
  const unetTarget = () => targetFor(unet, options, (target) => unetGraph(model.unet, unet, target));
  const text = await TextEncoders.open(model, options, open);
  const denoiser = await AdaptableSession.open(
    { network: 'unet', graph: async (slots) => unetGraph(model.unet, unet, await unetTarget(), slots) },
    open,
  );
  const shallow = new ShallowUnet({
    graph: async (slots) => shallowUnetGraph(model.unet, unet, await unetTarget(), slots),
    open: (graph) => openSession(graph, options),
  });
  const vaeTarget = vaeTargetFor(model, vae, options);
  const openDecoder = (target: GraphTarget) => open(vaeDecoderGraph(model.vae, vae, target), { arena: false });
  const decoder = await openDecoder(vaeTarget);
  /** In float32, once numbers have left the range of halves: they will again. */
  let wideDecoder: Promise<Session> | undefined;
  let imageEncoder: Session | undefined;
  let tinyDecoder: Session | undefined;
  let safetyChecker: SafetyChecker | undefined;

  const tensors = options.provider === 'webgpu' ? new LargestTensor() : ANY_TENSOR;
  const unetForm = graphTargetFor(unet, options);
  const [wholeRows, shallowRows] = [new RowFiller(options.rowCounts), new RowFiller(options.rowCounts)];
  const rowsFor = (call: UnetCall) => tensors.rows(call.batch, unetBytesPerRow(model.unet, unetForm, call));

  const { scaling_factor: scale } = model.vae;
  const width = textWidth(model);
  const adapted = new LoraCache(async (loras) =>
    networks({ text: await text.adapters(loras), unet: await denoiser.adapter(loras) }),
  );
  const unetInputs = ({ batch, sample, shape, timesteps, context, addition, keyStride = 1 }: UnetCall) => ({
    sample: { data: sample, shape: [batch, ...shape] },
    timestep: { data: timesteps, shape: [batch] },
    encoder_hidden_states: { data: context, shape: [batch, context.length / batch / width, width] },
    [KEY_STRIDE_INPUT]: { data: BigInt64Array.of(BigInt(keyStride)), shape: [1] },
    ...(addition !== undefined && {
      [POOLED_INPUT]: { data: addition.pooled, shape: [batch, addition.pooled.length / batch] },
      [SIZE_IDS_INPUT]: { data: addition.sizeIds, shape: [batch, SIZE_IDS] },
    }),
  });
  const networks = (adapters: { readonly text: TextAdapters; readonly unet: Adapter }): Networks => ({
    model,
    tokenizer: text.tokenizer,
    tokens: text.tokens,
    async encodeText(prompt, { syntax, clipSkip }) {
      const all: number[] = [];
      for (const chunk of chunksOf(emphasisOf(prompt, syntax), syntax, text.tokens)) {
        for (const value of (await this.encodeChunk(chunk, clipSkip)).states) all.push(value);
      }
      return Float32Array.from(all);
    },
    encodeChunk: (chunk, clipSkip) => text.encode(chunk, clipSkip, adapters.text),
    async predict(call) {
      const [prediction = new Float32Array()] = await inParts(call, await rowsFor(call), async (part) => {
        const filled = wholeRows.fill(part);
        const { data } = await denoiser.run(unetInputs(filled), adapters.unet);
        await blameWeights(unet, { given: part.sample, made: data });
        return [keepRows(data, filled, part)];
      });
      return prediction;
    },
    async predictAndKeep(call) {
      const parts = await inParts(call, await rowsFor(call), async (part) => {
        const filled = wholeRows.fill(part);
        const { data, also } = await denoiser.run(unetInputs(filled), adapters.unet, [DEEP_OUTPUT]);
        await blameWeights(unet, { given: part.sample, made: data });
        return [data, also[0]?.data ?? new Float32Array()].map((values) => keepRows(values, filled, part));
      });
      const [prediction = new Float32Array(), deep = new Float32Array()] = parts;
      return { prediction, deep };
    },
    async predictFrom(deep, call) {
      const [prediction = new Float32Array()] = await inParts(call, await rowsFor(call), async (part, from) => {
        const filled = shallowRows.fill(part);
        const [, height, width] = part.shape;
        const shape = [filled.batch, model.unet.block_out_channels[0] ?? 0, height, width];
        const data = fillValues(rowsOf(deep, call.batch, from, part.batch), part.batch, filled.batch);
        const made = await shallow.run({ ...unetInputs(filled), [DEEP_INPUT]: { data, shape } }, adapters.unet);
        return [keepRows(made, filled, part)];
      });
      return prediction;
    },
    async decode(latents, shape) {
      await tensors.rows(1, vaeBytes(model.vae, vaeTarget, shape[1], shape[2]));
      const unscaled = latents.map((value) => value / scale);
      const run = (session: Session) => session.run({ latents: { data: unscaled, shape: [1, ...shape] } });
      const isHalf = wideDecoder === undefined && vaeTarget.precision === 'float16';
      let output = await run((await wideDecoder) ?? decoder);
      if (isHalf && isAllFinite(unscaled) && !isAllFinite(output.data)) {
        wideDecoder ??= openDecoder({ ...vaeTarget, precision: 'float32' });
        wideDecoder.catch(() => {
          wideDecoder = undefined;
        });
        output = await run(await wideDecoder);
      }
      await blameWeights(vae, { given: unscaled, made: output.data });
      return output;
    },
    async encodeImage(image, shape) {
      const { vaeFactor } = model;
      await tensors.rows(1, vaeBytes(model.vae, vaeTarget, shape[1] / vaeFactor, shape[2] / vaeFactor));
      imageEncoder ??= await open(vaeEncoderGraph(model.vae, vae, vaeTarget), { arena: false });
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
      const wide = await wideDecoder;
      const sessions = [text, denoiser, shallow, decoder, wide, imageEncoder, tinyDecoder, safetyChecker];
      await Promise.all(sessions.map((session) => session?.close()));
    },
  });
  const plain = networks({ text: [], unet: {} });
  return plain;
}

/** Some families' VAEs make numbers beyond half precision, and black pictures of them. */
function vaeTargetFor({ family, vae: config }: Model, vae: WeightSet, options: NetworkOptions): GraphTarget {
  const target = graphTargetFor(vae, options);
  return family.vaeOverflows && config.force_upcast !== false ? { ...target, precision: 'float32' } : target;
}

async function openTinyDecoder(file: string, options: NetworkOptions): Promise<Session> {
  const weights = new WeightSet(await readSafetensors(file), file);
  return openSession(taesdDecoderGraph(weights, file, graphTargetFor(weights, options)), options);
}
