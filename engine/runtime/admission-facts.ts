import type { Footprint } from '../memory/footprint.ts';
import { type MemoryPlan, type MemoryRules, planMemory } from '../memory/memory-plan.ts';
import type { TextLoad } from '../prompt/text-load.ts';
import { checkForModel, type ModelBounds } from '../spec/check-for-model.ts';
import { checkTask } from '../spec/check-spec.ts';
import { specOf } from '../spec/recipe.ts';
import type { EngineTask } from '../task.ts';

/**
 * What decides whether a task can be drawn, gathered where the model's files are. It is plain data: it survives JSON, so
 * that the decision may be taken in a process that has no such files.
 */
export interface AdmissionFacts {
  readonly bounds: ModelBounds;
  /** Absent where the weights are not here yet, or are damaged: of these their first task tells. */
  readonly footprint?: Footprint;
  /** Bytes of the LoRAs that the task names. */
  readonly adapterBytes: number;
  /** Of its prompts, as the model's tokenizer counts them; absent where it cannot be read yet. */
  readonly text?: TextLoad;
}

/**
 * Decides from facts alone.
 * @returns how it would be run; undefined where it is not known what the model takes
 * @throws EngineError `bad_request` for what cannot be drawn, `out_of_memory` for what does not fit
 */
export function admitTask(task: EngineTask, facts: AdmissionFacts, rules: MemoryRules): MemoryPlan | undefined {
  const { bounds, footprint, adapterBytes, text } = facts;
  checkTask(task);
  checkForModel(specOf(task), bounds);
  return (
    footprint && planMemory(task, footprint, rules, { adapters: adapterBytes, ...(text !== undefined && { text }) })
  );
}
