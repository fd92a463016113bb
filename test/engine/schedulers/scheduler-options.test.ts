import { describe, expect, test } from 'vitest';
import { forLatents } from '../../../engine/model/model.ts';
import { TorchGenerator } from '../../../engine/rng/torch-generator.ts';
import { schedulerConfigSchema } from '../../../engine/schedulers/config.ts';
import { defaultSampler } from '../../../engine/schedulers/default-sampler.ts';
import { createScheduler } from '../../../engine/schedulers/index.ts';
import { golden, goldenTensors, relativeError } from '../goldens.ts';

interface OptionCase {
  readonly config: Readonly<Record<string, unknown>> & { readonly _class_name: string };
  readonly steps: number;
  readonly tensor: string;
}

const SIZE = 16;
const TOLERANCE = 3e-5;
const { cases, seed } = golden<{ cases: OptionCase[]; seed: number }>('scheduler-options');
const classes = [...new Set(cases.map(({ config }) => config._class_name))];

/** The way of the model's own sampler, as its scheduler_config.json has it, under the goldens' denoiser. */
function walk({ config: file, steps }: OptionCase): number[] {
  const config = schedulerConfigSchema.parse(file);
  const scheduler = createScheduler(defaultSampler(config, '').name, forLatents(config), steps);
  const generator = new TorchGenerator(seed);
  let sample: Float32Array = generator.randn(SIZE).map((value) => value * scheduler.initNoiseSigma);
  const states = [...sample];
  const noise = {
    draw: () => generator.randn(SIZE),
    seed,
    seeded: (own: number) => new TorchGenerator(own).randn(SIZE),
  };
  for (const [i, t] of scheduler.timesteps.entries()) {
    const prediction = scheduler.scaleModelInput(sample, i).map((value) => 0.3 * value + 0.1 * Math.sin(t / 100));
    sample = scheduler.step(prediction, i, sample, noise);
    states.push(...sample);
  }
  return states;
}

describe("a model's scheduler_config.json means what it means to diffusers", () => {
  test.each(classes)('of the class %s, with each of its options', async (name) => {
    const tensor = await goldenTensors('scheduler-options');
    const own = cases.filter(({ config }) => config._class_name === name);
    expect(own.length).toBeGreaterThan(7);
    const wrong = own.flatMap((entry) => {
      const error = relativeError(walk(entry), tensor(entry.tensor).floats);
      return error < TOLERANCE ? [] : [{ error, steps: entry.steps, ...entry.config }];
    });
    expect(wrong).toEqual([]);
  });
});
