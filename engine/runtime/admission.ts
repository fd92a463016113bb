import { EngineError } from '../errors.ts';
import type { GenerationSpec } from '../generation-spec.ts';
import { type AppliedLora, adapterBytes } from '../lora/adapter.ts';
import { readLoraTags } from '../lora/lora-tags.ts';
import { openLoras } from '../lora/open-loras.ts';
import { type Footprint, readFootprint } from '../memory/footprint.ts';
import { type MemoryPlan, type MemoryRules, planMemory } from '../memory/memory-plan.ts';
import { type Extras, findExtras } from '../model/extras.ts';
import type { Model } from '../model/model.ts';
import type { ChunkTokens } from '../prompt/chunks.ts';
import { wordsUsed } from '../prompt/prompt-texts.ts';
import { measureText } from '../prompt/text-load.ts';
import { boundsOf, checkForModel } from '../spec/check-for-model.ts';
import { checkTask } from '../spec/check-spec.ts';
import { specOf, upscaleOf } from '../spec/recipe.ts';
import { adviseName, shorten } from '../suggest-names.ts';
import type { EngineTask } from '../task.ts';
import { type ClipTokenizer, sharedClipTokenizer } from '../tokenizer/clip.ts';
import { withLearnedWords } from '../tokenizer/learned-tokenizer.ts';
import { readUpscaler } from '../upscalers/upscaler-file.ts';
import { countLearnedWords, readWordFiles, roomOf, type WordFile } from '../weights/textual-inversion.ts';
import { type AdmissionFacts, admitTask } from './admission-facts.ts';
import { type Catalog, type EngineOptions, readCatalog } from './catalog.ts';

/**
 * What can be told of a task before anything is loaded for it: from the models' configuration, the headers of their
 * files and the memory there is. The shell asks before a task waits in the queue, and the engine when it takes it.
 */
export class Admission {
  readonly #options: EngineOptions;
  readonly #footprints = new WeakMap<Model, Footprint>();
  readonly #words = new WeakMap<Extras, Promise<ReadonlyMap<string, WordFile>>>();
  #reading: Promise<Catalog> | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Read once; what cannot be read now, as when the Hub is away, may be read for the next task. */
  catalog(): Promise<Catalog> {
    this.#reading ??= readCatalog(this.#options).catch((error: unknown) => {
      this.#reading = undefined;
      throw error;
    });
    return this.#reading;
  }

  /** Reads beforehand what `admit` needs of a model; of what cannot be read its first task tells. */
  async warm(modelId: string): Promise<void> {
    const model = await this.modelOf(modelId);
    await tokenizerOf(model).catch(() => undefined);
  }

  /** @throws EngineError `bad_request` naming the models there are */
  async modelOf(id: string): Promise<Model> {
    const { models, refused } = await this.catalog();
    const model = models.get(id.normalize('NFC'));
    if (model !== undefined) return model;
    const refusal = refused.find((one) => one.id === id.normalize('NFC'));
    if (refusal !== undefined) {
      this.#reading = undefined;
      throw refusal.error;
    }
    const advice = adviseName(id, [...models.keys()]);
    throw new EngineError('bad_request', `There is no model "${shorten(id)}"; ${advice}.`, { model: id });
  }

  /**
   * The LoRAs that a prompt names. The folders are read again for each task: what someone puts into them counts at once.
   * @throws EngineError for a tag that cannot be followed, a name that is not there, and for a file that is no LoRA of this family
   */
  async lorasOf({ prompt, model }: GenerationSpec): Promise<readonly AppliedLora[]> {
    const { loras: tags, faults } = readLoraTags(prompt);
    if (faults[0] !== undefined) throw new EngineError('bad_request', faults[0]);
    if (tags.length === 0) return [];
    const { unet, family } = await this.modelOf(model);
    const layersPerBlock = unet.layers_per_block[0] ?? 0;
    const target = { layersPerBlock, textWidth: unet.cross_attention_dim, family: family.title };
    return openLoras(tags, await findExtras((await this.catalog()).homes), target);
  }

  /** @throws EngineError `bad_request` for what no model draws, or what the task's own does not */
  async check(task: EngineTask): Promise<void> {
    checkTask(task);
    const spec = specOf(task);
    checkForModel(spec, boundsOf(await this.modelOf(spec.model)));
    for (const name of upscalersOf(task)) await readUpscaler(await this.upscalerFile(name));
  }

  /** The folders are read again for each task. @throws EngineError `bad_request` naming the upscalers there are */
  async upscalerFile(name: string): Promise<string> {
    const { upscalers } = await findExtras((await this.catalog()).homes);
    const file = upscalers.get(name.normalize('NFC'));
    if (file !== undefined) return file;
    const known = [...upscalers.keys()];
    const advice =
      known.length === 0
        ? 'put its .safetensors file into a folder "upscalers" beside the model'
        : adviseName(name, known);
    throw new EngineError('bad_request', `There is no upscaler "${shorten(name)}"; ${advice}.`, { upscaler: name });
  }

  /**
   * @throws EngineError `out_of_memory` when the task does not fit, `bad_request` for prompts of more chunks than are
   * read, and when the model's files cannot be read
   */
  async plan(task: EngineTask, loras: readonly AppliedLora[], rules: MemoryRules): Promise<MemoryPlan> {
    const spec = specOf(task);
    const model = await this.modelOf(spec.model);
    const text = await measureText(spec, await this.#tokensOf(model, spec));
    return planMemory(task, await this.#footprintOf(model), rules, { adapters: adapterBytes(loras), text });
  }

  /** All that is refused without loading anything. */
  async admit(task: EngineTask, rules: MemoryRules): Promise<void> {
    await this.check(task);
    admitTask(task, await this.factsOf(task), rules);
  }

  /** @throws EngineError `bad_request` for a model, a LoRA or a prompt that cannot be used */
  async factsOf(task: EngineTask): Promise<AdmissionFacts> {
    const spec = specOf(task);
    const loras = await this.lorasOf(spec);
    const model = await this.modelOf(spec.model);
    const tokens = await this.#tokensOf(model, spec).catch(() => undefined);
    const text = tokens && (await measureText(spec, tokens));
    const footprint = await this.#footprintOf(model).catch(() => undefined);
    return {
      bounds: boundsOf(model),
      adapterBytes: adapterBytes(loras),
      ...(footprint !== undefined && { footprint }),
      ...(text !== undefined && { text }),
    };
  }

  /** The tokenizer of a model, which learned words are counted with but not read for. */
  async #tokensOf(model: Model, spec: GenerationSpec): Promise<ChunkTokens> {
    const { vocab_size: vocabulary, max_position_embeddings: positions } = model.textEncoders[0].config;
    const clip = await tokenizerOf(model);
    const files = await this.#wordFiles();
    const words = await countLearnedWords(files, wordsUsed(spec, [...files.keys()]), roomOf(model.textEncoders));
    return { ...withLearnedWords(clip, words, vocabulary), positions };
  }

  /** Learned words are read with their model, so that they are the same for all of its tasks. */
  async #wordFiles(): Promise<ReadonlyMap<string, WordFile>> {
    const { extras } = await this.catalog();
    const files = this.#words.get(extras) ?? readWordFiles(extras.embeddings);
    this.#words.set(extras, files);
    return files;
  }

  async #footprintOf(model: Model): Promise<Footprint> {
    const footprint = this.#footprints.get(model) ?? (await readFootprint(model, this.#options.precision === 'int8'));
    this.#footprints.set(model, footprint);
    return footprint;
  }
}

/** The upscaler models that a task names, at any of its passes. */
function upscalersOf(task: EngineTask): readonly string[] {
  const own = upscaleOf(task)?.upscaler;
  const earlier = task.kind === 'upscale' ? upscalersOf(task.source) : [];
  return own === undefined ? earlier : [...earlier, own];
}

/** Of the first text encoder, by which prompts are cut for all of them. */
function tokenizerOf({ textEncoders: [{ tokenizer, config, padding }] }: Model): Promise<ClipTokenizer> {
  return sharedClipTokenizer(tokenizer, config.vocab_size, padding);
}
