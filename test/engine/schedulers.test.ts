import { describe, expect, test } from 'vitest';
import { schedulerConfigSchema } from '../../engine/model/configs.ts';
import { TorchGenerator } from '../../engine/rng/torch-generator.ts';
import { createScheduler, samplerOf, startScheduler } from '../../engine/schedulers/index.ts';
import { noiseSchedule } from '../../engine/schedulers/noise-schedule.ts';
import { SAMPLER_NAMES, type SamplerName } from '../../engine/types.ts';
import { golden, goldenTensors, relativeError } from './goldens.ts';

interface BetaCase {
  readonly kind: 'betas';
  readonly beta_schedule: string;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly indices: readonly number[];
  readonly betas: readonly number[];
  readonly alphas_cumprod: readonly number[];
}
interface TimestepCase {
  readonly kind: 'timesteps';
  readonly config: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly timesteps: readonly number[];
  readonly init_noise_sigma: number;
}
interface SamplerCase {
  readonly config: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly eta: number;
  readonly tensor: string;
}
type Configs = Readonly<Record<string, object>>;

const configOf = (configs: Configs, name: string) => schedulerConfigSchema.parse({ _class_name: '', ...configs[name] });

describe('schedules agree with diffusers', () => {
  const { cases, configs } = golden<{ cases: (BetaCase | TimestepCase)[]; configs: Configs }>('schedules');

  test('in betas and ᾱ for every beta schedule', () => {
    const betaCases = cases.filter((entry) => entry.kind === 'betas');
    expect(betaCases.length).toBeGreaterThan(2);
    for (const { indices, betas, alphas_cumprod, ...config } of betaCases) {
      const schedule = noiseSchedule(schedulerConfigSchema.parse({ _class_name: '', ...config }));
      expect(
        relativeError(
          indices.map((i) => schedule.betas[i] ?? Number.NaN),
          betas,
        ),
      ).toBeLessThan(2e-5);
      for (const [k, i] of indices.entries()) {
        const expected = alphas_cumprod[k] ?? 0;
        expect(Math.abs((schedule.alphasCumprod[i] ?? 0) - expected) / expected).toBeLessThan(1e-4);
      }
    }
  });

  test.each(SAMPLER_NAMES)('in the timesteps of %s', (sampler) => {
    const own = cases.filter((entry) => entry.kind === 'timesteps').filter((entry) => entry.sampler === sampler);
    expect(own.length).toBeGreaterThan(20);
    for (const { config, steps, timesteps, init_noise_sigma } of own) {
      const scheduler = createScheduler(sampler, configOf(configs, config), steps);
      expect(scheduler.timesteps.length, `${config} ${steps}`).toBe(timesteps.length);
      for (const [i, t] of timesteps.entries()) {
        expect(Math.abs((scheduler.timesteps[i] ?? 0) - t), `${config} ${steps} [${i}]`).toBeLessThan(1e-3);
      }
      expect(Math.abs(scheduler.initNoiseSigma / init_noise_sigma - 1)).toBeLessThan(1e-4);
    }
  });
});

describe('samplers walk as diffusers walks', () => {
  const { cases, configs, seed } = golden<{ cases: SamplerCase[]; configs: Configs; seed: number }>('samplers');
  const size = 4 * 4 * 4;

  test.each(SAMPLER_NAMES)('%s, over every step', async (sampler) => {
    const tensor = await goldenTensors('samplers');
    const own = cases.filter((entry) => entry.sampler === sampler && (entry.eta === 0 || sampler === 'euler_a'));
    expect(own.length).toBeGreaterThan(10);
    for (const { config, steps, tensor: key } of own) {
      const scheduler = createScheduler(sampler, configOf(configs, config), steps);
      const generator = new TorchGenerator(seed);
      let sample: Float32Array = generator.randn(size).map((value) => value * scheduler.initNoiseSigma);
      const walk: number[] = [];
      for (const [i, t] of scheduler.timesteps.entries()) {
        const prediction = scheduler.scaleModelInput(sample, i).map((value) => 0.3 * value + 0.1 * Math.sin(t / 100));
        sample = scheduler.step(prediction, i, sample, () => generator.randn(size));
        walk.push(...sample);
      }
      const expected = tensor(key).floats;
      // Some goldens begin with the starting noise; the walk is what follows.
      expect(relativeError(walk, expected.slice(expected.length - walk.length)), `${config} ${steps}`).toBeLessThan(
        2e-5,
      );
    }
  });
});

describe('a scheduler', () => {
  const config = configOf({ v1: { beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012 } }, 'v1');

  test('runs 51 calls for 50 steps of PLMS', () => {
    expect(createScheduler('pndm', config, 50).timesteps).toHaveLength(51);
  });

  test.each(SAMPLER_NAMES)('%s begun midway with the true noise ends where it should', (sampler) => {
    const original = new TorchGenerator(7).randn(64);
    const noise = new TorchGenerator(8).randn(64);
    const { scheduler, begin } = startScheduler(sampler, config, 20, 12);
    let sample: Float32Array = scheduler.addNoise(original, noise, begin);
    for (let i = begin; i < scheduler.timesteps.length; i += 1) {
      const scaled = scheduler.scaleModelInput(sample, i);
      const { alphasCumprod } = noiseSchedule(config);
      const alpha = alphasCumprod[Math.round(scheduler.timesteps[i] ?? 0)] ?? 1;
      // An oracle that knows the picture predicts exactly the noise that is there.
      const prediction = scaled.map((x, k) => (x - Math.sqrt(alpha) * (original[k] ?? 0)) / Math.sqrt(1 - alpha));
      sample = scheduler.step(prediction, i, sample, () => new Float32Array(64));
    }
    expect(relativeError(sample, original)).toBeLessThan(0.05);
  });

  test('of an unknown class is refused by name, with what to do', () => {
    expect(() => samplerOf({ ...config, _class_name: 'IPNDMScheduler' }, 'scheduler_config.json')).toThrow(
      /scheduler_config\.json names the scheduler "IPNDMScheduler".*set "_class_name" to one of PNDMScheduler/,
    );
  });

  test('with an unknown beta schedule is refused by name', () => {
    expect(() => noiseSchedule({ ...config, beta_schedule: 'sigmoid' })).toThrow(/"sigmoid" is not known/);
  });
});
