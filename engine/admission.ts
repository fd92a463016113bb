import { checkForModel } from './check-model.ts';
import { checkTask } from './check-spec.ts';
import { EngineError } from './errors.ts';
import { type Footprint, readFootprint } from './footprint.ts';
import { type MemoryPlan, type MemoryRules, planMemory } from './memory-plan.ts';
import { type Catalog, type EngineOptions, readCatalog } from './model/catalog.ts';
import { findExtras } from './model/extras.ts';
import type { Model } from './model/model.ts';
import { readLoraTags } from './prompt/lora-tags.ts';
import { specOf } from './recipe.ts';
import type { EngineTask, GenerationSpec } from './types.ts';
import { type AppliedLora, adapterBytes } from './weights/adapter.ts';
import { openLoras } from './weights/open-loras.ts';

/**
 * What can be told of a task before anything is loaded for it: from the models' configuration, the headers of their
 * files and the memory there is. The shell asks before a task waits in line, and the engine when it takes it.
 */
export class Admission {
  readonly #options: EngineOptions;
  readonly #footprints = new WeakMap<Model, Footprint>();
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

  /** @throws EngineError `bad_request` naming the models there are */
  async modelOf(id: string): Promise<Model> {
    const { models, refused } = await this.catalog();
    const model = models.get(id);
    if (model !== undefined) return model;
    const refusal = refused.find((one) => one.id === id);
    if (refusal !== undefined) {
      this.#reading = undefined;
      throw refusal.error;
    }
    const known = [...models.keys()].join(', ');
    throw new EngineError('bad_request', `There is no model "${id}"; use one of ${known}.`, { model: id });
  }

  /**
   * The LoRAs that a prompt names. The folders are read anew for each task: what someone puts into them counts at once.
   * @throws EngineError for a name that is not there, and for a file that is no LoRA of this family
   */
  async lorasOf({ prompt }: GenerationSpec): Promise<readonly AppliedLora[]> {
    const tags = readLoraTags(prompt).loras;
    if (tags.length === 0) return [];
    return openLoras(tags, (await findExtras((await this.catalog()).homes)).loras);
  }

  /** @throws EngineError `bad_request` for what no model draws, or what the task's own does not */
  async check(task: EngineTask): Promise<void> {
    checkTask(task);
    const spec = specOf(task);
    checkForModel(spec, await this.modelOf(spec.model));
  }

  /** @throws EngineError `out_of_memory` when the task does not fit, and when the model's files cannot be read */
  async plan(task: EngineTask, loras: readonly AppliedLora[], rules: MemoryRules): Promise<MemoryPlan> {
    const footprint = await this.#footprintOf(await this.modelOf(specOf(task).model));
    return planMemory(task, footprint, rules, adapterBytes(loras));
  }

  /** All that is refused without loading anything. Of weights that are not here yet, or are damaged, their first task tells. */
  async admit(task: EngineTask, rules: MemoryRules): Promise<void> {
    await this.check(task);
    const spec = specOf(task);
    const loras = await this.lorasOf(spec);
    const footprint = await this.#footprintOf(await this.modelOf(spec.model)).catch(() => undefined);
    if (footprint !== undefined) planMemory(task, footprint, rules, adapterBytes(loras));
  }

  async #footprintOf(model: Model): Promise<Footprint> {
    const footprint = this.#footprints.get(model) ?? (await readFootprint(model));
    this.#footprints.set(model, footprint);
    return footprint;
  }
}
