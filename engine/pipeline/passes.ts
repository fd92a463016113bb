import { specOf, upscaleOf } from '../spec/recipe.ts';
import type { EngineTask } from '../task.ts';
import { denoisingSteps } from './start-denoising.ts';

/**
 * Steps of each pass that a task takes, as a person counts them: a picture of two passes, or one that is enlarged from
 * its recipe alone, walks through the schedule more than once. Passes without a step are none.
 * @param hasSource the latents of the picture to enlarge are there
 */
export function passesOf(task: EngineTask, hasSource: boolean): readonly number[] {
  const spec = specOf(task);
  const first =
    task.kind === 'generate'
      ? [denoisingSteps(spec, spec.init?.strength ?? 1)]
      : hasSource
        ? []
        : passesOf(task.source, false);
  const upscale = upscaleOf(task);
  const second = upscale === undefined ? [] : [denoisingSteps(spec, upscale.strength)];
  return [...first, ...second].filter((steps) => steps > 0);
}

/** Counts the steps of a task over all its passes. */
export class PassCounter {
  readonly #ahead: number[];
  #done = 0;
  #current = 0;

  constructor(passes: readonly number[]) {
    this.#ahead = [...passes];
  }

  /** @param steps that the pass has after all: samplers may count otherwise than was planned */
  begin(steps: number): void {
    this.#ahead.shift();
    this.#current = steps;
  }

  end(): void {
    this.#done += this.#current;
    this.#current = 0;
  }

  /** @param step of the present pass */
  at(step = 0): { readonly step: number; readonly steps: number } {
    const ahead = this.#ahead.reduce((sum, steps) => sum + steps, 0);
    return { step: this.#done + step, steps: this.#done + this.#current + ahead };
  }
}
