import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { unfitLora } from '../weights/lora-errors.ts';
import { type LoraNetwork, layerKey } from './lora-names.ts';

/** What PEFT's configuration says about how strongly a network's changes count. */
export interface PeftScale {
  /** Undefined where it says nothing. */
  alphaOf(layer: string): number | undefined;
  /** Whether alpha is divided by √r (Kalajdzievski 2023), not by r. */
  readonly isRankStabilized: boolean;
}

/** The configuration that PEFT writes beside `adapter_model.safetensors`. */
const ADAPTER_CONFIG = 'adapter_config.json';

/** Real ones have 2 KB. */
const MAX_CONFIG_BYTES = 1 << 20;
/** What PEFT takes where its file names no alpha. */
const DEFAULT_ALPHA = 8;

const flag = z.boolean().nullish();
/** Of `LoraConfig` (peft/tuners/lora/config.py), what changes the picture. */
const peftSchema = z.object({
  peft_type: z.string().nullish(),
  lora_alpha: z.number().nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  use_rslora: flag,
  use_dora: flag,
  use_qalora: flag,
  use_bdlora: flag,
  lora_bias: flag,
  bias: z.string().nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
});
type PeftConfig = z.output<typeof peftSchema>;

/**
 * PEFT's configuration of a LoRA file: from the metadata that diffusers writes, or from the file that PEFT writes beside
 * it.
 * @throws EngineError when it is not readable, or asks for what Easel does not do
 */
export async function readPeftScales(
  file: string,
  metadata: Readonly<Record<string, string>>,
): Promise<Readonly<Record<LoraNetwork, PeftScale>>> {
  const beside =
    metadata.lora_adapter_metadata === undefined && isAdapterModel(file)
      ? await readConfig(file, join(dirname(file), ADAPTER_CONFIG))
      : undefined;
  if (beside !== undefined) {
    const config = parse(file, ADAPTER_CONFIG, beside);
    const scale = scaleOf(file, { ...config, lora_alpha: config.lora_alpha ?? DEFAULT_ALPHA });
    return { unet: scale, textEncoder: scale, textEncoder2: scale };
  }
  const all = parseObject(file, 'lora_adapter_metadata', metadata.lora_adapter_metadata ?? '{}');
  const of = (prefix: string) => scaleOf(file, parse(file, 'lora_adapter_metadata', withPrefix(all, `${prefix}.`)));
  return { unet: of('unet'), textEncoder: of('text_encoder'), textEncoder2: of('text_encoder_2') };
}

/** The file that PEFT names as it does, whichever LoRA it holds. */
function isAdapterModel(file: string): boolean {
  return /^adapter_model(\.\w+)?$/i.test(basename(file));
}

/** PEFT takes the first pattern that fits. */
function scaleOf(file: string, config: PeftConfig): PeftScale {
  refuseOtherKinds(file, config);
  const patterns = Object.entries(config.alpha_pattern ?? {}).map(([pattern, alpha]) => {
    return { fits: layerPattern(file, pattern), alpha };
  });
  return {
    alphaOf: (layer) => patterns.find(({ fits }) => fits(layer))?.alpha ?? config.lora_alpha ?? undefined,
    isRankStabilized: config.use_rslora === true,
  };
}

function refuseOtherKinds(file: string, config: PeftConfig): void {
  const refuse = (what: string) => unfitLora(file, `is a ${what} network; Easel supports LoRA and LoCon.`);
  const type = config.peft_type?.toUpperCase() ?? 'LORA';
  if (type !== 'LORA') throw refuse(type);
  if (config.use_dora === true) throw refuse('DoRA');
  if (config.use_qalora === true) throw refuse('QALoRA');
  if (config.use_bdlora === true) throw refuse('BD-LoRA');
  if (config.lora_bias === true || (config.bias ?? 'none') !== 'none') throw refuse('LoRA with biases');
  if ((config.modules_to_save ?? []).length > 0) throw refuse('LoRA with whole layers');
  const start = String(config.init_lora_weights ?? true);
  if (CHANGES_THE_MODEL.test(start)) {
    throw unfitLora(
      file,
      `is initialised from the model's own weights (${start}), which it changes; save it as a plain LoRA with PEFT's path_initial_model_for_weight_conversion.`,
    );
  }
}

/** Ways to begin that take something out of the model's weights, which the file does not hold. */
const CHANGES_THE_MODEL = /^(pissa|olora|corda|loftq|lora_ga)/i;

/**
 * PEFT reads a pattern as a regular expression for the end of a layer's name. What trainers write are names, perhaps
 * from the beginning (`^`): others are refused, since a stranger's expression can take for ever.
 */
function layerPattern(file: string, pattern: string): (layer: string) => boolean {
  const fromStart = pattern.startsWith('^');
  const name = pattern.replace(/^\^/, '').replaceAll('\\.', '.').replace(/\$$/, '');
  if (!/^[\w.-]*$/.test(name)) {
    throw unfitLora(file, `gives alphas by the pattern "${pattern.slice(0, 80)}"; Easel reads names of layers only.`);
  }
  const key = layerKey(name);
  return (layer) => layer === key || (!fromStart && layer.endsWith(`_${key}`));
}

/** Undefined when it is not there. */
async function readConfig(file: string, path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.size <= MAX_CONFIG_BYTES) return readFile(path, 'utf8');
  throw unfitLora(file, `has an ${ADAPTER_CONFIG} larger than 1 MB; use the one that PEFT wrote.`);
}

function parse(file: string, where: string, value: Record<string, unknown> | string): PeftConfig {
  const parsed = peftSchema.safeParse(typeof value === 'string' ? parseObject(file, where, value) : value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unfitLora(file, `has a value in its ${where} that PEFT does not define, at "${issue?.path.join('.') ?? ''}".`);
}

function parseObject(file: string, where: string, json: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  throw unfitLora(file, `has an unreadable ${where}; download it again.`);
}

function withPrefix(values: Readonly<Record<string, unknown>>, prefix: string): Record<string, unknown> {
  const own = Object.entries(values).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}
