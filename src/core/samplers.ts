import { SAMPLER_NAMES, type SamplerMethod, type SamplerName, SIGMA_SPACINGS } from '../../engine/index.ts';

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
};

const LABELS = new Map<string, string>(Object.entries(METHOD_LABELS));
/** "DPM++ 2M" with a schedule type that follows the timesteps is "DPM++ 2M". */
const PLAIN_SCHEDULES = ['', 'automatic', 'uniform', 'normal'];

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
  const spread = PLAIN_SCHEDULES.includes(schedule.trim().toLowerCase()) ? '' : schedule;
  return ALIASES.get(keyOf(`${alias} ${spread}`));
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
    const spellings = [name, samplerLabel(name), name.replace(/_karras$/, '_ka')].map(keyOf);
    return spellings.flatMap((key) => [[key, name] as const, [`k${key}`, name] as const]);
  }),
);
