import { type Engine, EngineError, type EngineTask, type Picture, singleRecipe, specOf } from '../../engine/index.ts';

/** A held picture: the test decides when and how it ends. */
export interface ControlledRun {
  readonly prompt: string;
  readonly task: EngineTask;
  readonly aborted: boolean;
  step(step: number, steps: number, withPreview?: boolean): void;
  finish(): void;
  fail(error: unknown): void;
}

export interface ControlledEngine extends Engine {
  readonly runs: readonly ControlledRun[];
  /** Resolves with the run of this number, from 0, once it has begun. */
  begun(index: number): Promise<ControlledRun>;
}

/**
 * An engine that draws flat grey squares when it is told to: for tests of order and time, never of pictures.
 * @param options.atOnce finish each run as soon as it begins
 */
export function createControlledEngine({ atOnce = false } = {}): ControlledEngine {
  const runs: ControlledRun[] = [];
  const waiting: { readonly index: number; readonly resolve: (run: ControlledRun) => void }[] = [];

  function announce(): void {
    for (const { index, resolve } of waiting) {
      const run = runs[index];
      if (run !== undefined) resolve(run);
    }
  }

  return {
    runs,
    begun: (index) =>
      new Promise((resolve) => {
        waiting.push({ index, resolve });
        announce();
      }),
    describe: async () => ({
      models: [MODEL],
      defaultModel: MODEL.id,
      provider: 'none',
      slots: 1,
      loras: [],
      embeddings: [],
      refused: [],
    }),
    check: async () => {},
    load: async () => {},
    close: async () => {},
    run: (task, { signal, onProgress } = {}) =>
      new Promise((resolve, reject) => {
        let aborted = false;
        signal?.addEventListener('abort', () => {
          aborted = true;
          reject(new EngineError('aborted', 'The picture was cancelled.'));
        });
        const pictures = picturesOf(task);
        const previews = pictures.map(({ rgb }) => ({ width: 1, height: 1, rgb: rgb.slice(0, 3) }));
        runs.push({
          prompt: specOf(task).prompt,
          task,
          get aborted() {
            return aborted;
          },
          step: (step, steps, withPreview = false) =>
            onProgress?.({ phase: 'denoising', step, steps, ...(withPreview && { previews }) }),
          finish: () => resolve({ pictures, timings: { loadMs: 0, textMs: 0, stepMs: [], decodeMs: 0 }, notes: [] }),
          fail: reject,
        });
        if (atOnce) runs.at(-1)?.finish();
        announce();
      }),
  };
}

const MODEL = {
  id: 'sketch',
  title: 'Sketch',
  family: 'Stable Diffusion 1',
  width: 64,
  height: 64,
  steps: 4,
  guidance: 1,
  sampler: 'ddim',
} as const;

function picturesOf(task: EngineTask): readonly Picture[] {
  const spec = specOf(task);
  const count = task.kind === 'generate' ? spec.count : 1;
  return Array.from({ length: count }, (_, index) => ({
    width: spec.width,
    height: spec.height,
    rgb: new Uint8Array(spec.width * spec.height * 3).fill((Number(spec.seed) + index) % 256),
    recipe: task.kind === 'generate' ? singleRecipe(spec, index) : task,
    latents: { shape: [4, 2, 2] as const, data: new Float32Array(16).fill(index) },
  }));
}
