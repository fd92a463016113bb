import { z } from 'zod';

/**
 * A model's `scheduler_config.json`. What training fixed (noise levels, what is predicted) must be as Easel can run it; a
 * sampler's option that Easel does not have is named in `unsupported`, and the sampler runs by its default instead.
 */

/** An option that must be off. */
const off = z.union([z.null(), z.literal(false)]).optional();
const flag = z.boolean().nullish();

const training = z.object({
  _class_name: z.string(),
  num_train_timesteps: z.number().int().min(1).max(10_000).default(1000),
  beta_start: z.number().positive().default(0.0001),
  beta_end: z.number().positive().default(0.02),
  beta_schedule: z.string().default('linear'),
  trained_betas: z.array(z.number()).nullish(),
  prediction_type: z.enum(['epsilon', 'v_prediction', 'sample']).default('epsilon'),
  rescale_betas_zero_snr: z.boolean().default(false),
  /** Models that predict a flow instead of noise. */
  use_flow_sigmas: off,
});

/** Keys that are absent stay absent where the samplers' classes have defaults of their own. */
const options = z.object({
  steps_offset: z.number().int().min(0).default(0),
  set_alpha_to_one: z.boolean().optional(),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).optional(),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  use_karras_sigmas: flag,
  use_exponential_sigmas: flag,
  use_beta_sigmas: flag,
  /** Levels even in λ: DPM-Solver's own spacing, which is the exponential one. */
  use_lu_lambdas: flag,
  /** The ends of spaced noise levels, in place of the schedule's. */
  sigma_min: z.number().positive().nullish(),
  sigma_max: z.number().positive().nullish(),
  /** Bounds on the predicted picture; the pipeline has them off (`forLatents`). */
  clip_sample: z.boolean().optional(),
  clip_sample_range: z.number().positive().default(1),
  thresholding: z.boolean().default(false),
  dynamic_thresholding_ratio: z.number().min(0).max(1).default(0.995),
  sample_max_value: z.number().min(1).default(1),
  /** PNDM: whether it begins without Runge–Kutta steps. */
  skip_prk_steps: flag,
  /** DPM-Solver, DEIS and UniPC. Each takes another's `solver_type` for its own default, as diffusers does. */
  solver_order: z.number().int().min(1).max(3).default(2),
  solver_type: z.enum(['midpoint', 'heun', 'bh1', 'bh2', 'logrho']).optional(),
  algorithm_type: z
    .enum(['dpmsolver', 'dpmsolver++', 'sde-dpmsolver', 'sde-dpmsolver++', 'deis'])
    .default('dpmsolver++'),
  lower_order_final: z.boolean().default(true),
  euler_at_final: flag,
  predict_x0: z.boolean().default(true),
  disable_corrector: z.array(z.number().int()).default([]),
  solver_p: off,
  /** Noise levels beyond this λ are left out; null for no bound, which Python writes as -Infinity. */
  lambda_min_clipped: z.number().nullish(),
  /** DDPM. Models that predict the variance, too, have twice the channels. */
  variance_type: z.enum(['fixed_small', 'fixed_small_log', 'fixed_large']).nullish(),
  /** LCM. */
  original_inference_steps: z.number().int().min(1).max(10_000).default(50),
  timestep_scaling: z.number().positive().default(10),
  /** Euler. */
  interpolation_type: z.literal('linear').default('linear'),
  timestep_type: z.literal('discrete').default('discrete'),
});

/** Classes whose own defaults of the noise levels are others than `training`'s. */
const HEUN_BETAS = { beta_start: 0.00085, beta_end: 0.012 };
const LCM_BETAS = { ...HEUN_BETAS, beta_schedule: 'scaled_linear' };
const CLASS_DEFAULTS: ReadonlyMap<unknown, object> = new Map([
  ['HeunDiscreteScheduler', HEUN_BETAS],
  ['KDPM2DiscreteScheduler', HEUN_BETAS],
  ['KDPM2AncestralDiscreteScheduler', HEUN_BETAS],
  ['DPMSolverSDEScheduler', HEUN_BETAS],
  ['LCMScheduler', LCM_BETAS],
  ['TCDScheduler', LCM_BETAS],
]);

/** A scheduler_config.json, checked and completed with its class's defaults. */
export const schedulerConfigSchema = z.record(z.string(), z.unknown()).transform((file, context) => {
  const trained = training.safeParse({ ...CLASS_DEFAULTS.get(file._class_name), ...file });
  if (!trained.success) {
    for (const { path, message } of trained.error.issues) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
    return z.NEVER;
  }
  return { ...trained.data, ...readOptions(file) };
});
export type SchedulerConfig = z.output<typeof schedulerConfigSchema>;

/** @param className the scheduler's class in model_index.json, which counts before the one in its own file */
export function schedulerConfigOf(className: string | undefined) {
  return z
    .record(z.string(), z.unknown())
    .transform((file) => (className === undefined ? file : { ...file, _class_name: className }))
    .pipe(schedulerConfigSchema);
}

function readOptions(
  file: Readonly<Record<string, unknown>>,
): z.output<typeof options> & { readonly unsupported: readonly string[] } {
  const parsed = options.safeParse(file);
  if (parsed.success) return { ...parsed.data, unsupported: [] };
  const unsupported = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
  const kept = Object.entries(file).filter(([key]) => !unsupported.has(key));
  return { ...options.parse(Object.fromEntries(kept)), unsupported: [...unsupported] };
}
