import { EngineError } from './errors.ts';
import { textEncoderGraph } from './graph/text-encoder.ts';
import { unetGraph } from './graph/unet.ts';
import { vaeDecoderGraph, vaeEncoderGraph } from './graph/vae.ts';
import type { Model } from './model/model.ts';
import type { ChunkTokens } from './prompt/chunks.ts';
import { encodePrompt } from './prompt/conditioning.ts';
import { type Output, openSession, type Session, type SessionOptions } from './session.ts';
import { type ClipTokenizer, loadClipTokenizer } from './tokenizer/clip.ts';
import type { TextReading } from './types.ts';
import { openWeights } from './weights/weight-source.ts';

/** The networks of one model, as functions of numbers. */
export interface Networks {
  readonly folder: Model;
  readonly tokenizer: ClipTokenizer;
  /** The tokenizer and how many positions a chunk has. */
  readonly tokens: ChunkTokens;
  /** One prompt → [chunks · positions, hidden], flat. */
  encodeText(prompt: string, reading: TextReading): Promise<Float32Array>;
  /** One call for the whole batch; each picture has its own timestep. */
  predict(call: UnetCall): Promise<Float32Array>;
  /** One picture's latents as the UNet scales them → [3, 8h, 8w], about −1…1. */
  decode(latents: Float32Array, shape: readonly [number, number, number]): Promise<Output>;
  /** [3, H, W] in −1…1 → mean and log variance, [2 · channels, H/8, W/8], as the VAE scales them. */
  encodeImage(image: Float32Array, shape: readonly [number, number, number]): Promise<Output>;
  close(): Promise<void>;
}

export interface UnetCall {
  readonly batch: number;
  /** [batch, channels, height, width]. */
  readonly sample: Float32Array;
  readonly shape: readonly [channels: number, height: number, width: number];
  /** [batch]. */
  readonly timesteps: Float32Array;
  /** [batch, tokens, hidden]. */
  readonly context: Float32Array;
}

/** Opens the text encoder, the UNet and the decoder; the encoder of pictures when it is first needed. */
export async function openNetworks(folder: Model, options: SessionOptions): Promise<Networks> {
  const [tokenizer, text, unet, vae] = await Promise.all([
    loadClipTokenizer(folder.tokenizer),
    openWeights('textEncoder', folder.weights.textEncoder),
    openWeights('unet', folder.weights.unet),
    openWeights('vae', folder.weights.vae),
  ]);
  const textEncoder = await openSession(textEncoderGraph(folder.textEncoder, text), options);
  const denoiser = await openSession(unetGraph(folder.unet, unet), options);
  const decoder = await openSession(vaeDecoderGraph(folder.vae, vae), options);
  let imageEncoder: Session | undefined;

  const { max_position_embeddings: positions, hidden_size: hidden } = folder.textEncoder;
  const { scaling_factor: scale } = folder.vae;
  const tokens: ChunkTokens = { ...tokenizer, positions };

  async function encode(ids: readonly number[], clipSkip: number): Promise<Float32Array> {
    const { num_hidden_layers: count } = folder.textEncoder;
    if (clipSkip > count) {
      throw new EngineError('bad_request', `Clip skip can be ${count} at most: this model's text encoder has no more.`);
    }
    const layer = count - clipSkip;
    const output = await textEncoder.run({
      input_ids: { data: BigInt64Array.from(ids, BigInt), shape: [1, positions] },
      layer: { data: BigInt64Array.of(BigInt(layer)), shape: [] },
    });
    return output.data;
  }

  return {
    folder,
    tokenizer,
    tokens,
    encodeText: (prompt, reading) => encodePrompt(prompt, reading, { tokens, encode }),
    async predict({ batch, sample, shape, timesteps, context }) {
      const tokens = context.length / batch / hidden;
      const output = await denoiser.run({
        sample: { data: sample, shape: [batch, ...shape] },
        timestep: { data: timesteps, shape: [batch] },
        encoder_hidden_states: { data: context, shape: [batch, tokens, hidden] },
      });
      return output.data;
    },
    decode: (latents, shape) =>
      decoder.run({ latents: { data: latents.map((value) => value / scale), shape: [1, ...shape] } }),
    async encodeImage(image, shape) {
      imageEncoder ??= await openSession(vaeEncoderGraph(folder.vae, vae), options);
      return imageEncoder.run({ image: { data: image, shape: [1, ...shape] } });
    },
    async close() {
      await Promise.all([textEncoder, denoiser, decoder, imageEncoder].map((session) => session?.close()));
    },
  };
}
