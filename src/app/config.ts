import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import {
  type ExecutionOptions,
  hasDevices,
  PRECISION_CHOICES,
  PROVIDERS,
  resolveModelPlace,
  SPEC_LIMITS,
  SPEEDS,
  type Speed,
  splitModelPlaces,
} from '../../engine/index.ts';
import { BadInputError, EaselError } from '../core/errors.ts';
import { parseRoleWeights, type RoleWeights } from '../core/role-weights.ts';
import { LOG_LEVELS, type LogLevel } from '../lib/log.ts';
import { secret } from '../lib/secret.ts';
import { readSlack, SLACK_ENVIRONMENT, type SlackConfig } from '../platforms/slack/config.ts';
import type { QuotaLimit } from '../queue/quota.ts';
import type { Retention } from '../store/prune.ts';

/** What the environment variables say, checked. */
export interface Config {
  readonly dataFolder: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Folders, files and Hub ids; the first is the default model. */
  readonly modelSources: readonly string[];
  /** How the engine draws; what is absent is its own default. */
  readonly execution: ExecutionOptions;
  /** Pictures of a request that names no count. */
  readonly count: number;
  /** What a request that names no negative prompt avoids. */
  readonly negative: string;
  /** How exactly a request that does not say so is drawn; absent is exact. */
  readonly speed?: Speed;
  /** The operator's own styles. */
  readonly stylesFile?: string;
  /** On the web everyone moderates, or nobody: a name there proves nothing. */
  readonly webModerators: 'everyone' | 'nobody';
  /** The web channel is one for adults. */
  readonly webAgeRestricted: boolean;
  readonly maxWaitingPerUser: number;
  readonly maxWaiting: number;
  /** How much of the engine people with a role get. */
  readonly roleWeights: RoleWeights;
  /** Jobs the engine works on at once; the provider's own number when absent. */
  readonly concurrency?: number;
  /** Jobs of one person that may run at once while others wait; any number when absent. */
  readonly maxRunningPerUser?: number;
  /** What one person may ask for within an hour and a day. */
  readonly hour: QuotaLimit;
  readonly day: QuotaLimit;
  /** What is finished is kept so long and so much of it; see `Retention`. */
  readonly retention: Retention;
  readonly logLevel: LogLevel;
  /** Absent where the bot is not on Slack. */
  readonly slack?: SlackConfig;
  /** Absent where the bot is not on Discord. */
  readonly discord?: DiscordConfig;
}

/** What Discord needs of the environment. */
export interface DiscordConfig {
  readonly token: string;
  readonly shards: number | 'auto';
  /** Instead of Discord's own address. */
  readonly apiUrl?: string;
}

const MEGABYTE = 1_000_000;
const EMBEDDED_MODEL = fileURLToPath(new URL('../../models/sketch', import.meta.url));

const text = (what: string) => z.string(`must be ${what}`).trim().min(1, `is empty; set it to ${what}, or unset it`);

/** A whole number written in digits; "" is not 0. */
function whole(min: number, max: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^-?\d+$/, { error: (issue) => `${rule}, not ${JSON.stringify(issue.input)}` })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: (issue) => `${rule}, not ${issue.input}` });
}

/** Without the names whose value is undefined. */
function optional<Name extends string>(
  values: Readonly<Record<Name, number | undefined>>,
): Partial<Record<Name, number>> {
  const set = Object.entries<number | undefined>(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as Partial<Record<Name, number>>;
}

function readRoleWeights(typed: string, context: z.RefinementCtx): RoleWeights {
  try {
    return parseRoleWeights(typed);
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    context.addIssue({ code: 'custom', message: error.userMessage });
    return z.NEVER;
  }
}

const MAX_DEVICES = 16;
const MAX_DEVICE = 255;

/** Numbers with commas between, such as `0,1`. */
function readDevices(typed: string, context: z.RefinementCtx): readonly number[] {
  const names = typed.split(',').map((name) => name.trim());
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const wrong = names.find((name) => !/^\d{1,3}$/.test(name) || Number(name) > MAX_DEVICE);
  if (typed.trim() === '') return refuse('is empty; set it to device numbers such as 0,1, or unset it');
  if (wrong !== undefined) {
    return refuse(`must be device numbers from 0 to ${MAX_DEVICE} such as 0,1, not ${JSON.stringify(typed)}`);
  }
  const devices = names.map(Number);
  const twice = devices.find((device, index) => devices.indexOf(device) !== index);
  if (twice !== undefined) return refuse(`names device ${twice} twice`);
  if (devices.length > MAX_DEVICES) return refuse(`must name at most ${MAX_DEVICES} devices`);
  return devices;
}

const ENVIRONMENT = z.object({
  EASEL_DATA: text('a folder').default('./data'),
  PORT: whole(0, 65535).default(3000),
  HOST: text('an address such as 127.0.0.1').default('127.0.0.1'),
  EASEL_MODEL: text('one or more models: folders, .safetensors files, or Hugging Face Hub names').default(
    EMBEDDED_MODEL,
  ),
  EASEL_PROVIDER: z.enum(PROVIDERS, { error: `must be one of ${PROVIDERS.join(', ')}` }).optional(),
  EASEL_PRECISION: z.enum(PRECISION_CHOICES, { error: `must be one of ${PRECISION_CHOICES.join(', ')}` }).optional(),
  EASEL_DEVICES: z.string().transform(readDevices).optional(),
  EASEL_THREADS: whole(1, 1024).optional(),
  EASEL_MEMORY_LIMIT: whole(1, 10_000_000).optional(),
  EASEL_LOW_MEMORY: z.enum(['yes', 'no'], { error: 'must be yes or no' }).default('no'),
  EASEL_COUNT: whole(SPEC_LIMITS.minCount, SPEC_LIMITS.maxCount).default(4),
  EASEL_NEGATIVE: z.string().default(''),
  EASEL_SPEED: z.enum(SPEEDS, { error: `must be one of ${SPEEDS.join(', ')}` }).optional(),
  EASEL_STYLES: text('a YAML file of styles').optional(),
  EASEL_WEB_MODERATORS: z.enum(['everyone', 'nobody'], { error: 'must be everyone or nobody' }).default('nobody'),
  EASEL_WEB_AGE_RESTRICTED: z.enum(['yes', 'no'], { error: 'must be yes or no' }).default('no'),
  EASEL_MAX_WAITING_PER_USER: whole(1, 1000).default(10),
  EASEL_MAX_WAITING: whole(1, 10_000).default(200),
  EASEL_ROLE_WEIGHTS: z.string().default('').transform(readRoleWeights),
  EASEL_CONCURRENCY: whole(1, 16).optional(),
  EASEL_MAX_RUNNING_PER_USER: whole(1, 16).optional(),
  EASEL_REQUESTS_PER_HOUR: whole(1, 1000).optional(),
  EASEL_REQUESTS_PER_DAY: whole(1, 1000).optional(),
  EASEL_PICTURES_PER_HOUR: whole(1, 10_000).optional(),
  EASEL_PICTURES_PER_DAY: whole(1, 10_000).optional(),
  EASEL_KEEP_DAYS: whole(1, 36_500).default(30),
  EASEL_KEEP_GB: whole(1, 1_000_000).default(10),
  EASEL_KEEP_RECIPES_DAYS: whole(1, 36_500).default(365),
  EASEL_LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  ...SLACK_ENVIRONMENT,
  DISCORD_TOKEN: secret().min(1, 'is empty; set it to a bot token, or unset it').optional(),
  DISCORD_SHARDS: z
    .union([z.literal('auto'), whole(1, 10_000)], { error: 'must be auto, or a whole number from 1 to 10000' })
    .default('auto'),
  DISCORD_API_URL: z
    .url({ protocol: /^https?$/, error: 'must be an address such as http://127.0.0.1:8080/api' })
    .optional(),
});

/**
 * The configuration from environment variables; relative folders are taken from `cwd`.
 * @throws EaselError `bad_config` with a sentence for each variable that is wrong.
 */
export function readConfig(env: NodeJS.ProcessEnv, cwd = process.cwd()): Config {
  const parsed = ENVIRONMENT.safeParse(env);
  if (!parsed.success) {
    const sentences = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}.`);
    throw new EaselError('bad_config', sentences.join('\n'));
  }
  const values = parsed.data;
  refuseInt8OnGpu(values);
  refuseUnknownDevices(values);
  return {
    dataFolder: resolve(cwd, values.EASEL_DATA),
    port: values.PORT,
    host: values.HOST,
    modelSources: splitModelPlaces(values.EASEL_MODEL, cwd).map((place) => resolveModelPlace(place, cwd)),
    execution: {
      ...(values.EASEL_PROVIDER !== undefined && { provider: values.EASEL_PROVIDER }),
      ...(values.EASEL_DEVICES !== undefined && { devices: values.EASEL_DEVICES }),
      ...(values.EASEL_PRECISION !== undefined && { precision: values.EASEL_PRECISION }),
      ...optional({
        threads: values.EASEL_THREADS,
        memoryLimit: values.EASEL_MEMORY_LIMIT === undefined ? undefined : values.EASEL_MEMORY_LIMIT * MEGABYTE,
      }),
      int8Folder: join(resolve(cwd, values.EASEL_DATA), 'cache', 'int8'),
      offload: values.EASEL_LOW_MEMORY === 'yes',
    },
    count: values.EASEL_COUNT,
    negative: values.EASEL_NEGATIVE,
    ...(values.EASEL_SPEED !== undefined && { speed: values.EASEL_SPEED }),
    ...(values.EASEL_STYLES !== undefined && { stylesFile: resolve(cwd, values.EASEL_STYLES) }),
    webModerators: values.EASEL_WEB_MODERATORS,
    webAgeRestricted: values.EASEL_WEB_AGE_RESTRICTED === 'yes',
    maxWaitingPerUser: values.EASEL_MAX_WAITING_PER_USER,
    maxWaiting: values.EASEL_MAX_WAITING,
    roleWeights: values.EASEL_ROLE_WEIGHTS,
    ...optional({ concurrency: values.EASEL_CONCURRENCY, maxRunningPerUser: values.EASEL_MAX_RUNNING_PER_USER }),
    hour: optional({ requests: values.EASEL_REQUESTS_PER_HOUR, pictures: values.EASEL_PICTURES_PER_HOUR }),
    day: optional({ requests: values.EASEL_REQUESTS_PER_DAY, pictures: values.EASEL_PICTURES_PER_DAY }),
    retention: {
      pictureDays: values.EASEL_KEEP_DAYS,
      pictureBytes: values.EASEL_KEEP_GB * 1e9,
      recipeDays: Math.max(values.EASEL_KEEP_DAYS, values.EASEL_KEEP_RECIPES_DAYS),
    },
    logLevel: values.EASEL_LOG_LEVEL,
    ...discordConfig(values),
    ...readSlack(values),
  };
}

function refuseInt8OnGpu({ EASEL_PRECISION: precision, EASEL_PROVIDER: provider = 'cpu' }: Environment): void {
  if (precision !== 'int8' || provider === 'cpu' || provider === 'auto') return;
  throw new EaselError(
    'bad_config',
    `EASEL_PRECISION=int8 runs on a CPU only. Set EASEL_PROVIDER=cpu, or EASEL_PRECISION to float16 or float32 for ${provider}.`,
  );
}

function refuseUnknownDevices({ EASEL_DEVICES: devices, EASEL_PROVIDER: provider = 'auto' }: Environment): void {
  if (devices === undefined || hasDevices(provider)) return;
  throw new EaselError(
    'bad_config',
    `EASEL_DEVICES does not work with EASEL_PROVIDER=${provider}, which has no device numbers. Unset it, or use cuda, dml or cpu.`,
  );
}

type Environment = z.infer<typeof ENVIRONMENT>;

function discordConfig(values: Environment): Pick<Config, 'discord'> {
  const { DISCORD_TOKEN: token, DISCORD_SHARDS: shards, DISCORD_API_URL: apiUrl } = values;
  if (token === undefined) return {};
  return { discord: { token, shards, ...(apiUrl !== undefined && { apiUrl }) } };
}
