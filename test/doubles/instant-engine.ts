import {
  type Engine,
  EngineError,
  type EngineTask,
  type ModelDescription,
  singleRecipe,
  specOf,
} from '../../engine/index.ts';

const INSTANT_MODEL: ModelDescription = {
  id: 'painted',
  title: 'Painted',
  family: 'Stable Diffusion 1',
  width: 128,
  height: 128,
  steps: 3,
  guidance: 4,
  sampler: 'ddim',
};

/** An engine that paints each picture in the one grey its seed says, at once, and keeps what it was asked. */
export function createInstantEngine(): Engine & { readonly tasks: EngineTask[]; readonly closed: () => boolean } {
  const tasks: EngineTask[] = [];
  let closed = false;
  return {
    tasks,
    closed: () => closed,
    describe: async () => ({
      models: [INSTANT_MODEL],
      defaultModel: INSTANT_MODEL.id,
      provider: 'cpu',
      slots: 1,
      execution: { threads: 3, maxRows: 8, offload: false, passedOver: [] },
      loras: [],
      embeddings: [],
      refused: [],
    }),
    check: async () => undefined,
    load: async () => undefined,
    async run(task, { onProgress } = {}) {
      tasks.push(task);
      const { width, height, count, seed, prompt } = specOf(task);
      if (prompt === 'trouble')
        throw new EngineError('corrupt_file', 'unet.safetensors is cut short; download it again.');
      onProgress?.({ phase: 'denoising', step: 1, steps: 3 });
      const pictures = Array.from({ length: count }, (_, index) => ({
        width,
        height,
        rgb: new Uint8Array(width * height * 3).fill(Number(seed) + index),
        recipe: task.kind === 'generate' ? singleRecipe(task.spec, index) : task,
        latents: { shape: [4, 1, 1] as const, data: new Float32Array(4) },
      }));
      return {
        pictures,
        timings: { loadMs: 5, textMs: 1, stepMs: [9, 2, 4, 3], decodeMs: 6 },
        peakBytes: 345e6,
        notes: [],
      };
    },
    close: async () => {
      closed = true;
    },
  };
}
