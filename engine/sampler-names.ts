/** Methods whose noise levels follow the training timesteps. `schedulers/index.ts` says which class each one is. */
export const PLAIN_METHODS = ['pndm', 'ddim', 'ddpm', 'lcm', 'euler_a'] as const;
/** Methods whose noise levels can be spread otherwise, too. */
export const SPACED_METHODS = [
  'euler',
  'heun',
  'lms',
  'dpm2',
  'dpm2_a',
  'dpmpp_2m',
  'dpmpp_2m_sde',
  'dpmpp_2s_a',
  'dpmpp_sde',
  'unipc',
  'deis',
] as const;
/** How noise levels are spread where they do not follow the timesteps: see `schedulers/sigma-path.ts`. */
export const SIGMA_SPACINGS = ['karras', 'exponential', 'beta'] as const;

export type SamplerMethod = (typeof PLAIN_METHODS)[number] | (typeof SPACED_METHODS)[number];
export type SigmaSpacing = (typeof SIGMA_SPACINGS)[number];
/** A method, and how its noise levels are spread: `dpmpp_2m`, `dpmpp_2m_karras`. */
export type SamplerName = SamplerMethod | `${(typeof SPACED_METHODS)[number]}_${SigmaSpacing}`;

/** Every sampler: what commands offer. */
export const SAMPLER_NAMES: readonly SamplerName[] = [
  ...PLAIN_METHODS,
  ...SPACED_METHODS.flatMap((method): SamplerName[] => [
    method,
    ...SIGMA_SPACINGS.map((spacing) => `${method}_${spacing}` as const),
  ]),
];
