import { textEncoderGraph } from '../graph/text-encoder.ts';
import type { Adapter, AppliedLora } from '../lora/adapter.ts';
import { type Model, type TextEncoderFiles, textWidth } from '../model/model.ts';
import type { ChunkTokens, PromptChunk } from '../prompt/chunks.ts';
import { weigh } from '../prompt/conditioning.ts';
import type { OpenSession } from '../session/session-swapper.ts';
import { checkClipSkip } from '../spec/check-for-model.ts';
import { type ClipTokenizer, sharedClipTokenizer } from '../tokenizer/clip.ts';
import { withLearnedWords } from '../tokenizer/learned-tokenizer.ts';
import { type LearnedWords, readLearnedWords, roomOf } from '../weights/textual-inversion.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { openWeights, TEXT_NETWORKS } from '../weights/weight-source.ts';
import { AdaptableSession } from './adaptable-session.ts';
import { blameWeights } from './blame-weights.ts';
import { type ModelOptions, targetFor } from './model-options.ts';

/** What the text encoders make of a chunk of a prompt. */
export interface EncodedChunk {
  /** [positions, width of the text], flat: what the encoders say, side by side. */
  readonly states: Float32Array;
  /** The chunk in one vector; undefined where the UNet asks for none. */
  readonly pooled: Float32Array | undefined;
}

/** LoRAs in the form that each text encoder takes them, in order. */
export type TextAdapters = readonly Adapter[];

/** The text encoders of a model as one: Stable Diffusion XL has two, the others one. */
export class TextEncoders {
  readonly tokenizer: ClipTokenizer;
  readonly tokens: ChunkTokens;
  readonly #model: Model;
  readonly #encoders: readonly Encoder[];

  private constructor(model: Model, encoders: readonly Encoder[], tokenizers: readonly Tokenizer[]) {
    const [first, second] = tokenizers;
    if (first === undefined) throw new Error('a model has a text encoder');
    this.tokenizer = first;
    const { max_position_embeddings: positions } = model.textEncoders[0].config;
    this.tokens = { ...first, positions, ...(second !== undefined && { second }) };
    this.#model = model;
    this.#encoders = encoders;
  }

  static async open(model: Model, options: ModelOptions, open: OpenSession): Promise<TextEncoders> {
    const words = await readLearnedWords(options.embeddings ?? new Map(), roomOf(model.textEncoders));
    const tokenizers: Tokenizer[] = [];
    const encoders: Encoder[] = [];
    for (const [i, files] of model.textEncoders.entries()) {
      const { vocab_size: vocabulary } = files.config;
      const clip = await sharedClipTokenizer(files.tokenizer, vocabulary, files.padding);
      tokenizers.push(withLearnedWords(clip, words.words, vocabulary));
      encoders.push(await Encoder.open(model, i, { words, options, open, end: clip.end }));
    }
    return new TextEncoders(model, encoders, tokenizers);
  }

  /** @throws EngineError naming the LoRA that does not fit this model */
  adapters(loras: readonly AppliedLora[]): Promise<TextAdapters> {
    return Promise.all(this.#encoders.map((encoder) => encoder.session.adapter(loras)));
  }

  /**
   * One chunk, weighted.
   * @param clipSkip see `TextReading`
   * @throws EngineError `bad_request` for a layer that an encoder does not have, or emphasis beyond what numbers hold
   */
  async encode(chunk: PromptChunk, clipSkip: number, adapters: TextAdapters): Promise<EncodedChunk> {
    const parts: Float32Array[] = [];
    let pooled: Float32Array | undefined;
    for (const [i, encoder] of this.#encoders.entries()) {
      const ids = i === 0 ? chunk.ids : (chunk.secondIds ?? chunk.ids);
      const said = await encoder.run(ids, clipSkip, adapters[i] ?? {});
      parts.push(weigh(said.states, chunk.weights));
      pooled = said.pooled;
    }
    return { states: sideBySide(parts, chunk.weights.length, textWidth(this.#model)), pooled };
  }

  async close(): Promise<void> {
    await Promise.all(this.#encoders.map(({ session }) => session.close()));
  }
}

type Tokenizer = ReturnType<typeof withLearnedWords>;

interface EncoderOptions {
  readonly words: LearnedWords;
  readonly options: ModelOptions;
  readonly open: OpenSession;
  /** The end token. */
  readonly end: number;
}

/** One text encoder. */
class Encoder {
  readonly session: AdaptableSession;
  readonly #model: Model;
  readonly #files: TextEncoderFiles;
  readonly #weights: WeightSet;
  readonly #table: Float32Array;
  readonly #end: number;
  readonly #pools: boolean;

  private constructor(model: Model, i: number, session: AdaptableSession, weights: WeightSet, own: EncoderOptions) {
    this.session = session;
    this.#model = model;
    this.#files = model.textEncoders[i] ?? model.textEncoders[0];
    this.#weights = weights;
    this.#table = own.words.tables[i] ?? new Float32Array();
    this.#end = own.end;
    this.#pools = poolsText(model, i);
  }

  static async open(model: Model, i: number, own: EncoderOptions): Promise<Encoder> {
    const { options, open } = own;
    const network = TEXT_NETWORKS[i] ?? 'textEncoder';
    const { config, weights: source } = model.textEncoders[i] ?? model.textEncoders[0];
    const weights = await openWeights(network, source);
    const form = { isNormalised: model.family.text.isNormalised, pools: poolsText(model, i) };
    // Found anew for each graph: the folder of int8 weights may have been deleted since the last one.
    const target = () => targetFor(weights, options, (graph) => textEncoderGraph(config, weights, form, graph));
    const graph = async (slots: Parameters<typeof textEncoderGraph>[4]) =>
      textEncoderGraph(config, weights, form, await target(), slots);
    return new Encoder(model, i, await AdaptableSession.open({ network, graph }, open), weights, own);
  }

  async run(ids: readonly number[], clipSkip: number, adapter: Adapter): Promise<EncodedChunk> {
    const { num_hidden_layers: count, hidden_size: hidden } = this.#files.config;
    checkClipSkip(clipSkip, count);
    const skipped = Math.max(clipSkip, this.#model.family.text.clipSkip);
    const inputs = {
      input_ids: { data: BigInt64Array.from(ids, BigInt), shape: [1, ids.length] },
      learned: { data: this.#table, shape: [this.#table.length / hidden, hidden] },
      layer: { data: BigInt64Array.of(BigInt(count - skipped)), shape: [] },
      ...(this.#pools && { end: { data: BigInt64Array.of(BigInt(ids.indexOf(this.#end))), shape: [1] } }),
    };
    const { data, also } = await this.session.run(inputs, adapter, this.#pools ? ['pooled'] : []);
    await blameWeights(this.#weights, { given: [], made: data });
    return { states: data, pooled: also[0]?.data };
  }
}

/** The last text encoder pools, where the UNet asks for it. */
function poolsText({ unet, textEncoders }: Model, i: number): boolean {
  return unet.addition !== undefined && i === textEncoders.length - 1;
}

/** Rows of several tables joined: [rows, width of each] → [rows, width of all]. */
function sideBySide(parts: readonly Float32Array[], rows: number, width: number): Float32Array {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const joined = new Float32Array(rows * width);
  let column = 0;
  for (const part of parts) {
    const own = part.length / rows;
    for (let row = 0; row < rows; row += 1) {
      joined.set(part.subarray(row * own, (row + 1) * own), row * width + column);
    }
    column += own;
  }
  return joined;
}
