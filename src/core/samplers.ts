import {
  SAMPLER_NAMES,
  type SamplerMethod,
  type SamplerName,
  SIGMA_SPACINGS,
  type SigmaSpacing,
} from '../../engine/index.ts';

/** Methods as AUTOMATIC1111 writes them into pictures, which is also what people know them by. */
const METHOD_LABELS: Readonly<Record<SamplerMethod, string>> = {
  pndm: 'PLMS',
  ddim: 'DDIM',
  ddpm: 'DDPM',
  lcm: 'LCM',
  euler_a: 'Euler a',
  euler: 'Euler',
  heun: 'Heun',
  lms: 'LMS',
  dpm2: 'DPM2',
  dpm2_a: 'DPM2 a',
  dpmpp_2m: 'DPM++ 2M',
  dpmpp_2m_sde: 'DPM++ 2M SDE',
  dpmpp_2s_a: 'DPM++ 2S a',
  dpmpp_sde: 'DPM++ SDE',
  unipc: 'UniPC',
  deis: 'DEIS',
};

const LABELS = new Map<string, string>(Object.entries(METHOD_LABELS));

/** AUTOMATIC1111's schedule types that follow the timesteps, as a sampler without a spacing does. */
const PLAIN_SCHEDULES = ['', 'uniform', 'normal'];
/** What its schedule type "Automatic" means where that is not the timesteps' own: sd_samplers_kdiffusion.py of 1.10. */
const AUTOMATIC_SCHEDULES: Partial<Record<SamplerName, SigmaSpacing>> = {
  dpm2: 'karras',
  dpm2_a: 'karras',
  dpmpp_2m: 'karras',
  dpmpp_2m_sde: 'exponential',
  dpmpp_2s_a: 'karras',
  dpmpp_sde: 'karras',
};
/** Samplers that have no schedule type there, whatever stands beside them. */
const WITHOUT_SCHEDULE: readonly SamplerName[] = ['ddim', 'pndm', 'unipc'];

/** "DPM++ 2M Karras" for `dpmpp_2m_karras`. */
export function samplerLabel(name: SamplerName): string {
  const spacing = SIGMA_SPACINGS.find((candidate) => name.endsWith(`_${candidate}`));
  if (spacing === undefined) return LABELS.get(name) ?? name;
  const method = name.slice(0, -spacing.length - 1);
  return `${LABELS.get(method) ?? method} ${spacing.charAt(0).toUpperCase()}${spacing.slice(1)}`;
}

/**
 * The sampler that a person or a picture means: Easel's name, AUTOMATIC1111's label or alias (`k_euler`,
 * `k_dpmpp_2m_ka`), however it is cased and spaced.
 * @param schedule the "Schedule type" that newer versions of AUTOMATIC1111 write beside the label
 */
export function samplerOfAlias(alias: string, schedule = ''): SamplerName | undefined {
  const plain = ALIASES.get(keyOf(alias));
  const wanted = schedule.trim().toLowerCase();
  if (PLAIN_SCHEDULES.includes(wanted) || plain === undefined || WITHOUT_SCHEDULE.includes(plain)) return plain;
  if (wanted === 'automatic') return ALIASES.get(keyOf(`${alias} ${AUTOMATIC_SCHEDULES[plain] ?? ''}`));
  // Polyexponential with its ρ of 1 is exponential.
  return ALIASES.get(keyOf(`${alias} ${wanted === 'polyexponential' ? 'exponential' : wanted}`));
}

/** Letters and digits alone, so that `DPM++ 2M`, `dpmpp_2m` and `dpm++-2m` are one. */
function keyOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('+', 'p')
    .replaceAll('ancestral', 'a')
    .replaceAll(/[^a-z0-9]/g, '');
}

const ALIASES: ReadonlyMap<string, SamplerName> = new Map(
  SAMPLER_NAMES.flatMap((name) => {
    const short = name.replace(/_karras$/, '_ka').replace(/_exponential$/, '_exp');
    const spellings = [name, samplerLabel(name), short].map(keyOf);
    return spellings.flatMap((key) => [[key, name] as const, [`k${key}`, name] as const]);
  }),
);
