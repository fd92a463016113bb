import {
  PLAIN_METHODS,
  SAMPLER_NAMES,
  type SamplerMethod,
  type SamplerName,
  SIGMA_SPACINGS,
  SPACED_METHODS,
} from '../../engine/index.ts';
import {
  AUTOMATIC_SCHEDULES,
  nearestSampler,
  SAME_SAMPLERS,
  SCHEDULES,
  type Schedule,
  samplerKey,
} from './sampler-aliases.ts';
import { truncate } from './truncate.ts';

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

/** Longest part of a file's word that a sentence repeats, characters. */
const MAX_QUOTED = 40;

const METHOD_NAMES: readonly SamplerMethod[] = [...PLAIN_METHODS, ...SPACED_METHODS];

const LABELS = new Map<string, string>(Object.entries(METHOD_LABELS));

/** Samplers that have no schedule type in AUTOMATIC1111, whatever stands beside them. */
const WITHOUT_SCHEDULE: readonly SamplerName[] = ['ddim', 'pndm', 'unipc'];

/** "DPM++ 2M Karras" for `dpmpp_2m_karras`. */
export function samplerLabel(name: SamplerName): string {
  const spacing = SIGMA_SPACINGS.find((candidate) => name.endsWith(`_${candidate}`));
  if (spacing === undefined) return LABELS.get(name) ?? name;
  const method = name.slice(0, -spacing.length - 1);
  return `${LABELS.get(method) ?? method} ${spacing.charAt(0).toUpperCase()}${spacing.slice(1)}`;
}

/**
 * The sampler that a person means: Easel's name, or what another program calls the same (`k_euler`, `dpmpp_2m_sde_gpu`,
 * `DPM++ 2M Karras`, `EulerDiscreteScheduler`), however it is cased and spaced. Undefined for what Easel lacks.
 * @param type the schedule type, where it stands beside the name
 */
export function samplerOfAlias(alias: string, type?: string): SamplerName | undefined {
  const { sampler, notes } = samplerOfRecipe(alias, type);
  return notes.length === 0 ? sampler : undefined;
}

/** The sampler that stands for the one a file names. */
export interface RecipeSampler {
  /** Undefined when nothing near it is known. */
  readonly sampler: SamplerName | undefined;
  /** What is other than the file says, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * The sampler that a picture's file names, or the nearest that Easel has.
 * @param type the schedule type, where the file names one of its own
 */
export function samplerOfRecipe(name: string, type: string | undefined): RecipeSampler {
  const { key, method = nearestSampler(key), isNearest, schedule: inName } = splitName(name);
  if (method === undefined) return { sampler: undefined, notes: [] };
  const notes = isNearest ? [instead('sampler', name, samplerLabel(method))] : [];
  const typeKey = WITHOUT_SCHEDULE.includes(method) ? '' : samplerKey(type ?? '');
  const automatic = typeKey === 'automatic' ? AUTOMATIC_SCHEDULES[key] : undefined;
  const named = typeKey === '' || typeKey === 'automatic' ? inName : SCHEDULES[typeKey];
  const wanted = automatic ?? named?.spacing ?? 'plain';
  const sampler = withSpacing(method, wanted) ?? method;
  const isFound = typeKey === '' || typeKey === 'automatic' || named !== undefined;
  if (isFound && named?.isExact !== false && withSpacing(method, wanted) !== undefined) return { sampler, notes };
  const written = type === undefined || typeKey === 'automatic' ? name : type;
  return { sampler, notes: [...notes, instead('schedule', written, samplerLabel(sampler))] };
}

function instead(what: string, written: string, label: string): string {
  return `The file names the ${what} “${truncate(written, MAX_QUOTED)}”, which Easel does not have; ${label} is the nearest and is used.`;
}

/** Undefined where the method has no such spacing. */
function withSpacing(method: SamplerName, spacing: Schedule['spacing']): SamplerName | undefined {
  if (spacing === 'plain') return method;
  return SAMPLER_NAMES.find((name) => name === `${method}_${spacing}`);
}

interface NamedSampler {
  /** Of the method alone. */
  readonly key: string;
  readonly method?: SamplerName;
  readonly isNearest: boolean;
  readonly schedule?: Schedule;
}

/** A name apart into its method and, at its end, the schedule that many programs write there. */
function splitName(name: string): NamedSampler {
  const whole = samplerKey(name).replace(/^sample(?=[a-z])/, '');
  const found = methodOf(whole);
  if (found !== undefined) return { key: whole, ...found };
  for (const [suffix, schedule] of SUFFIXES) {
    const key = whole.slice(0, -suffix.length);
    const before = whole.endsWith(suffix) ? methodOf(key) : undefined;
    if (before !== undefined) return { key, ...before, schedule };
  }
  return { key: whole, isNearest: false };
}

function methodOf(key: string): Pick<NamedSampler, 'method' | 'isNearest'> | undefined {
  const method = METHODS.get(key) ?? METHODS.get(key.replace(/^k/, ''));
  if (method !== undefined) return { method, isNearest: false };
  return nearestSampler(key) === undefined ? undefined : { isNearest: true };
}

const METHODS: ReadonlyMap<string, SamplerName> = new Map([
  ...METHOD_NAMES.flatMap((name) =>
    [name, samplerLabel(name)].map((spelling) => [samplerKey(spelling), name] as const),
  ),
  ...Object.entries(SAME_SAMPLERS),
]);

/** The longest first: `align your steps gits` ends with `gits`, too. */
const SUFFIXES = Object.entries(SCHEDULES).toSorted(([a], [b]) => b.length - a.length);
