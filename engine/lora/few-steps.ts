import type { FewStepSettings } from '../descriptions.ts';
import { hasPickleName } from '../weights/pickle.ts';
import { readSafetensorsFile } from '../weights/safetensors.ts';

/** How a kind of LoRA is told by its name, and what its makers recommend for it. */
interface FewStepKind {
  readonly name: RegExp;
  readonly steps: number;
}

const KINDS: readonly FewStepKind[] = [
  // Luo et al. 2023, "LCM-LoRA": 4 steps, guidance 1, the LCM sampler.
  { name: /(^|[^a-z])lcm([^a-z]|$)/i, steps: 4 },
  // Ren et al. 2024, "Hyper-SD", and Zheng et al. 2024, "TCD": consistency models of trajectories, for the LCM sampler, too.
  { name: /hyper[-_ ]?sd([^a-z]|$)/i, steps: 8 },
  { name: /(^|[^a-z])tcd([^a-z]|$)/i, steps: 4 },
];
/** As published names say it: Hyper-SD15-8steps-lora. */
const STEPS_IN_NAME = /(?:^|[^0-9])(\d{1,2})[-_ ]?steps?(?![a-z])/i;
/** Trained to be guided: Hyper-SD15-12steps-CFG-lora. */
const GUIDED = /(^|[^a-z])cfg([^a-z]|$)/i;
/** Metadata that holds a name: kohya's and Stability AI's. */
const NAME_KEYS = ['ss_output_name', 'modelspec.title'];
/** Files whose metadata is read; of more of them the names alone count. */
const MAX_READ = 500;

/** What a LoRA of this name recommends, where it is one for few steps. */
export function fewStepSettings(name: string): FewStepSettings | undefined {
  const kind = KINDS.find((candidate) => candidate.name.test(name));
  if (kind === undefined) return undefined;
  const steps = Number(STEPS_IN_NAME.exec(name)?.[1] ?? kind.steps);
  return { sampler: 'lcm', steps, ...(!GUIDED.test(name) && { guidance: 1 }) };
}

/** Of all LoRAs those that are for few steps, by the name that people write; told by that name or the file's metadata. */
export async function findFewStepLoras(
  loras: ReadonlyMap<string, string>,
): Promise<Readonly<Record<string, FewStepSettings>>> {
  const found: [string, FewStepSettings][] = [];
  for (const [i, [name, file]] of [...loras].entries()) {
    const settings = fewStepSettings(name) ?? (i < MAX_READ ? await byMetadata(file) : undefined);
    if (settings !== undefined) found.push([name, settings]);
  }
  return Object.fromEntries(found);
}

/** Of a file that cannot be read the first request that names it tells. */
async function byMetadata(file: string): Promise<FewStepSettings | undefined> {
  if (hasPickleName(file)) return undefined;
  const { metadata } = await readSafetensorsFile(file).catch(() => ({ metadata: {} as Record<string, string> }));
  for (const key of NAME_KEYS) {
    const settings = fewStepSettings(metadata[key] ?? '');
    if (settings !== undefined) return settings;
  }
  return undefined;
}
