import { describe, expect, test } from 'vitest';
import { TorchGenerator } from '../../../engine/rng/torch-generator.ts';
import { PLAIN_METHODS, SAMPLER_NAMES, type SamplerName, SPACED_METHODS } from '../../../engine/sampler-names.ts';
import { schedulerConfigSchema } from '../../../engine/schedulers/config.ts';
import { defaultSampler } from '../../../engine/schedulers/default-sampler.ts';
import { createScheduler, startScheduler } from '../../../engine/schedulers/index.ts';
import { noiseSchedule } from '../../../engine/schedulers/noise-schedule.ts';
import type { NoiseSource } from '../../../engine/schedulers/scheduler.ts';
import { golden, goldenTensors, relativeError } from '../goldens.ts';

interface BetaCase {
  readonly kind: 'betas';
  readonly beta_schedule: string;
  readonly beta_start: number;
  readonly beta_end: number;
  readonly rescale_betas_zero_snr: boolean;
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
  /** How far the reference's own float32 put a timestep off. */
  readonly strayedFromFloat64?: number;
}
interface WalkCase {
  readonly config: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  /** Of img2img; null for a whole way from noise. */
  readonly strength: number | null;
  readonly tensor: string;
}
type Configs = Readonly<Record<string, object>>;

const configOf = (configs: Configs, name: string) => schedulerConfigSchema.parse({ _class_name: '', ...configs[name] });

/** Fresh noise as the pipeline gives it: the stream goes on after the starting noise. */
function noiseOf(generator: TorchGenerator, seed: number, size: number): NoiseSource {
  return {
    draw: () => generator.randn(size),
    seed,
    seeded: (own) => new TorchGenerator(own).randn(size),
  };
}

describe('schedules agree with diffusers', () => {
  const { cases, configs } = golden<{ cases: (BetaCase | TimestepCase)[]; configs: Configs }>('schedules');

  test('in betas and ᾱ for every beta schedule, also with zero terminal signal-to-noise ratio', () => {
    const betaCases = cases.filter((entry) => entry.kind === 'betas');
    expect(betaCases.filter((entry) => entry.rescale_betas_zero_snr).length).toBeGreaterThan(1);
    for (const { indices, betas, alphas_cumprod, ...config } of betaCases) {
      const schedule = noiseSchedule(schedulerConfigSchema.parse({ _class_name: '', ...config }), 'exact');
      const found = indices.map((i) => schedule.betas[i] ?? Number.NaN);
      if (config.rescale_betas_zero_snr) expect(relativeError(found, betas)).toBeLessThan(2e-5);
      // To the last bit of float32: on it hangs where DPM++ SDE looks its noise up.
      else expect(found).toEqual(betas.map(Math.fround));
      for (const [k, i] of indices.entries()) {
        const expected = alphas_cumprod[k] ?? 0;
        const error = Math.abs((schedule.alphasCumprod[i] ?? Number.NaN) - expected);
        if (config.rescale_betas_zero_snr) expect(error).toBeLessThan(2e-6);
        else expect(schedule.alphasCumprod[i]).toBe(Math.fround(expected));
      }
    }
  });

  test.each(SAMPLER_NAMES)('in the timesteps of %s', (sampler) => {
    const own = cases.filter((entry) => entry.kind === 'timesteps').filter((entry) => entry.sampler === sampler);
    expect(own.length).toBeGreaterThan(11);
    for (const { config, steps, timesteps, init_noise_sigma, strayedFromFloat64 } of own) {
      const scheduler = createScheduler(sampler, configOf(configs, config), steps);
      expect(scheduler.timesteps.length, `${config} ${steps}`).toBe(timesteps.length);
      // Where a class makes whole numbers of timesteps, float32 decides on which side of one they fall.
      const tolerance = timesteps.every(Number.isInteger) ? 1 : 2e-3 + (strayedFromFloat64 ?? 0);
      for (const [i, t] of timesteps.entries()) {
        const error = Math.abs((scheduler.timesteps[i] ?? Number.NaN) - t);
        expect(error, `${config} ${steps} [${i}]`).toBeLessThanOrEqual(tolerance);
      }
      expect(Math.abs(scheduler.initNoiseSigma / init_noise_sigma - 1), `${config} ${steps}`).toBeLessThan(1e-4);
    }
  });
});

describe('samplers walk as their references walk', () => {
  const { cases, configs, seed } = golden<{ cases: WalkCase[]; configs: Configs; seed: number }>('samplers');
  const size = 16;
  const picture = Float32Array.from({ length: size }, (_, i) => i / 8 - 1);
  const isMidway = (entry: WalkCase) => entry.strength !== null;

  async function compare(chosen: readonly WalkCase[]): Promise<void> {
    const tensor = await goldenTensors('samplers');
    for (const { config, sampler, steps, strength, tensor: key } of chosen) {
      const start = strength === null ? 0 : steps - Math.floor(steps * strength);
      const { scheduler, begin } = startScheduler(sampler, configOf(configs, config), steps, start);
      const generator = new TorchGenerator(seed);
      const noise = generator.randn(size);
      let sample: Float32Array =
        strength === null
          ? noise.map((value) => value * scheduler.initNoiseSigma)
          : scheduler.addNoise(picture, noise, begin);
      const walk = [...sample];
      for (const [i, t] of scheduler.timesteps.entries()) {
        if (i < begin) continue;
        const prediction = scheduler.scaleModelInput(sample, i).map((value) => 0.3 * value + 0.1 * Math.sin(t / 100));
        sample = scheduler.step(prediction, i, sample, noiseOf(generator, seed, size));
        walk.push(...sample);
      }
      expect(relativeError(walk, tensor(key).floats), key).toBeLessThan(3e-5);
    }
  }

  test.each(SAMPLER_NAMES)('%s, over every call from noise', async (sampler) => {
    const own = cases.filter((entry) => entry.sampler === sampler && !isMidway(entry));
    expect(own.length).toBeGreaterThan(3);
    await compare(own);
  });

  test.each([...new Set(cases.filter(isMidway).map(({ sampler }) => sampler))])(
    "%s, begun midway as diffusers' image to image begins",
    async (sampler) => {
      await compare(cases.filter((entry) => entry.sampler === sampler && isMidway(entry)));
    },
  );

  test('and every method is among the midway ones', () => {
    const found = new Set<string>(cases.filter(isMidway).map(({ sampler }) => sampler));
    for (const method of [...PLAIN_METHODS, ...SPACED_METHODS]) expect(found).toContain(method);
  });
});

describe('a scheduler', () => {
  // Without `clip_sample: false`, the classes that work in ᾱ would cut the noise picture below at ±1, as diffusers' do.
  const v1 = { beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012, clip_sample: false };
  const config = configOf({ v1 }, 'v1');

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
      const silence = { draw: () => new Float32Array(64), seed: 0, seeded: () => new Float32Array(64) };
      sample = scheduler.step(prediction, i, sample, silence);
    }
    expect(relativeError(sample, original)).toBeLessThan(0.05);
  });

  test('of UniPC by B₁ ends in numbers where the way ends without noise', () => {
    const scheduler = createScheduler('unipc', { ...config, solver_type: 'bh1' }, 4);
    let sample: Float32Array = new TorchGenerator(7).randn(64);
    for (const [i] of scheduler.timesteps.entries())
      sample = scheduler.step(sample, i, sample, noiseOf(new TorchGenerator(8), 8, 64));
    expect(sample.every(Number.isFinite)).toBe(true);
  });

  const chosen = (file: Record<string, unknown>) =>
    defaultSampler(schedulerConfigSchema.parse(file), 'scheduler_config.json');

  test.each([
    ['DPMSolverSinglestepScheduler', { use_karras_sigmas: true }, 'dpmpp_2m_karras'],
    ['SASolverScheduler', { algorithm_type: 'data_prediction' }, 'dpmpp_2m_sde'],
    ['TCDScheduler', {}, 'lcm'],
    ['IPNDMScheduler', {}, 'pndm'],
    ['OwnScheduler', {}, 'dpmpp_2m'],
  ])('of the class %s, which Easel lacks, is stood in for by the nearest, which is said', (name, options, sampler) => {
    const { name: found, note } = chosen({ _class_name: name, ...options });
    expect(found).toBe(sampler);
    expect(note).toContain(`its own sampler is ${name}, which Easel does not have`);
    expect(note).toMatch(new RegExp(`${sampler} is used instead\\.$`));
  });

  test.each([
    ['EulerDiscreteScheduler', { timestep_type: 'continuous' }, 'euler', /scheduler's setting of timestep_type/],
    ['UniPCMultistepScheduler', { solver_order: 7 }, 'unipc', /scheduler's setting of solver_order/],
    ['DDIMScheduler', { use_karras_sigmas: true }, 'ddim', /sets karras spacing, which it does not have/],
    [
      'EulerDiscreteScheduler',
      { use_karras_sigmas: true, use_beta_sigmas: true },
      'euler_karras',
      /sets karras and beta spacing together/,
    ],
  ])('of %s with %o draws with %s, and says what is different', (name, options, sampler, sentence) => {
    const { name: found, note } = chosen({ _class_name: name, ...options });
    expect(found).toBe(sampler);
    expect(note).toMatch(sentence);
  });

  test.each([
    ['DEISMultistepScheduler', {}, 'deis'],
    ['DEISMultistepScheduler', { use_karras_sigmas: true }, 'deis_karras'],
    ['DPMSolverMultistepScheduler', { algorithm_type: 'sde-dpmsolver' }, 'dpmpp_2m_sde'],
    ['DPMSolverMultistepScheduler', { use_lu_lambdas: true }, 'dpmpp_2m_exponential'],
    [
      'DPMSolverMultistepScheduler',
      { solver_order: 3, lower_order_final: false, lambda_min_clipped: -5.1 },
      'dpmpp_2m',
    ],
    ['DDIMParallelScheduler', {}, 'ddim'],
    ['PNDMScheduler', { skip_prk_steps: false }, 'pndm'],
  ])('of %s with %o is the sampler %s, to the letter', (name, options, sampler) => {
    expect(chosen({ _class_name: name, ...options })).toEqual({ name: sampler });
  });

  test.each(['FlowMatchEulerDiscreteScheduler', 'EDMEulerScheduler', 'CMStochasticIterativeScheduler'])(
    'of the class %s, of models of another training, is refused by name',
    (name) => {
      expect(() => chosen({ _class_name: name })).toThrow(
        new RegExp(`scheduler_config\\.json names the scheduler "${name}", which belongs to another kind of model`),
      );
    },
  );

  test.each([
    ['LCMScheduler', { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' }],
    ['HeunDiscreteScheduler', { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'linear' }],
    ['EulerDiscreteScheduler', { beta_start: 0.0001, beta_end: 0.02, beta_schedule: 'linear' }],
  ])("of %s without noise levels has its class's own", (name, betas) => {
    expect(schedulerConfigSchema.parse({ _class_name: name })).toMatchObject(betas);
  });

  test('of a model with Runge–Kutta steps begun midway takes none', () => {
    const own = schedulerConfigSchema.parse({ _class_name: 'PNDMScheduler', ...v1 });
    expect(createScheduler('pndm', own, 10).timesteps).toHaveLength(19);
    expect(createScheduler('pndm', own, 10).stepOf.at(-1)).toBe(9);
    expect(startScheduler('pndm', own, 10, 4).scheduler.timesteps).toHaveLength(11);
    expect(createScheduler('pndm', own, 3).timesteps).toHaveLength(4);
  });

  test('with an unknown beta schedule is refused by name', () => {
    expect(() => noiseSchedule({ ...config, beta_schedule: 'sigmoid' })).toThrow(/"sigmoid" is not known/);
  });
});
