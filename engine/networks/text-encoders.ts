import type { AdapterSlots } from '../graph/adapter-slots.ts';
import { textEncoderGraph } from '../graph/text-encoder.ts';
import type { Adapter, AppliedLora } from '../lora/adapter.ts';
import type { TextEncoderConfig } from '../model/configs.ts';
import { type Model, type TextEncoderFiles, textWidth } from '../model/model.ts';
import type { ChunkTokens, PromptChunk } from '../prompt/chunks.ts';
import { weigh } from '../prompt/conditioning.ts';
import type { OpenSession } from '../session/session-swapper.ts';
import { checkClipSkip } from '../spec/check-for-model.ts';
import { type ClipTokenizer, sharedClipTokenizer } from '../tokenizer/clip.ts';
import { withLearnedWords } from '../tokenizer/learned-tokenizer.ts';
import { readLearnedWords, roomOf } from '../weights/textual-inversion.ts';
import type { WeightSet } from '../weights/weight-set.ts';
import { openWeights } from '../weights/weight-source.ts';
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
      const table = words.tables[i] ?? new Float32Array();
      encoders.push(await openEncoder(model, files, options, open, { table, end: clip.end }));
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

interface EncoderParts {
  readonly session: AdaptableSession;
  readonly weights: WeightSet;
  readonly config: TextEncoderConfig;
  /** The lowest clip skip that counts. */
  readonly leastClipSkip: number;
  /** Vectors of learned words, [rows, width]. */
  readonly table: Float32Array;
  /** The end token, for an encoder that pools. */
  readonly end: number | undefined;
}

/** Opens one text encoder. @param end the end token */
async function openEncoder(
  { family, unet, textEncoders }: Model,
  files: TextEncoderFiles,
  options: ModelOptions,
  open: OpenSession,
  { table, end }: { readonly table: Float32Array; readonly end: number },
): Promise<Encoder> {
  const { network, config, weights: source } = files;
  const weights = await openWeights(network, source);
  // The last one pools, where the UNet asks for it.
  const pools = unet.addition !== undefined && files === textEncoders.at(-1);
  const form = { isNormalised: family.text.isNormalised, pools };
  // Found anew for each graph: the folder of int8 weights may have been deleted since the last one.
  const target = () => targetFor(weights, options, (graph) => textEncoderGraph(config, weights, form, graph));
  const graph = async (slots: AdapterSlots) => textEncoderGraph(config, weights, form, await target(), slots);
  const session = await AdaptableSession.open({ network, graph }, open);
  const { clipSkip: leastClipSkip } = family.text;
  return new Encoder({ session, weights, config, leastClipSkip, table, end: pools ? end : undefined });
}

/** One text encoder. */
class Encoder {
  readonly session: AdaptableSession;
  readonly #parts: EncoderParts;

  constructor(parts: EncoderParts) {
    this.session = parts.session;
    this.#parts = parts;
  }

  async run(ids: readonly number[], clipSkip: number, adapter: Adapter): Promise<EncodedChunk> {
    const { weights, config, leastClipSkip, table, end } = this.#parts;
    const { num_hidden_layers: count, hidden_size: hidden } = config;
    checkClipSkip(clipSkip, count);
    const skipped = Math.max(clipSkip, leastClipSkip);
    const inputs = {
      input_ids: { data: BigInt64Array.from(ids, BigInt), shape: [1, ids.length] },
      learned: { data: table, shape: [table.length / hidden, hidden] },
      layer: { data: BigInt64Array.of(BigInt(count - skipped)), shape: [] },
      ...(end !== undefined && { end: { data: BigInt64Array.of(BigInt(ids.indexOf(end))), shape: [1] } }),
    };
    const { data, also } = await this.session.run(inputs, adapter, end === undefined ? [] : ['pooled']);
    await blameWeights(weights, { given: [], made: data });
    return { states: data, pooled: also[0]?.data };
  }
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
