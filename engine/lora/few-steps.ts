import { basename } from 'node:path';
import type { FewStepSettings } from '../descriptions.ts';
import { namesIn, stepsInName } from '../few-step-names.ts';
import { hasPickleName } from '../weights/pickle.ts';
import { readSafetensorsFile } from '../weights/safetensors.ts';

/** How a kind of LoRA is told by its name, and what its makers recommend for it. */
interface FewStepKind {
  readonly name: RegExp;
  readonly steps: number;
  /** @default 'lcm' */
  readonly sampler?: FewStepSettings['sampler'];
  readonly spacing?: FewStepSettings['spacing'];
}

const KINDS: readonly FewStepKind[] = [
  // Luo et al. 2023, "LCM-LoRA": 4 steps, guidance 1, the LCM sampler.
  { name: /(^|[^a-z])lcm([^a-z]|$)/i, steps: 4 },
  // Ren et al. 2024, "Hyper-SD", and Zheng et al. 2024, "TCD": consistency models of trajectories, for the LCM sampler, too.
  { name: /hyper[-_ ]?sd(xl)?([^a-z]|$)/i, steps: 8 },
  { name: /(^|[^a-z])tcd([^a-z]|$)/i, steps: 4 },
  // Yin et al. 2024, "DMD2".
  { name: /(^|[^a-z])dmd2?([^a-z]|$)/i, steps: 4 },
  // Lin et al. 2024, "SDXL-Lightning": Euler from the noisiest timestep on.
  { name: /^(?=.*(?:sdxl|\d[-_ ]?step)).*lightning/i, steps: 4, sampler: 'euler', spacing: 'trailing' },
];
/** Trained to be guided: Hyper-SD15-12steps-CFG-lora. */
const GUIDED = /(^|[^a-z])cfg([^a-z]|$)/i;
/** Files whose metadata is read; of more of them the names alone count. */
const MAX_READ = 500;

/** What a LoRA of this name recommends, where it is one for few steps. */
export function fewStepSettings(name: string): FewStepSettings | undefined {
  const kind = KINDS.find((candidate) => candidate.name.test(name));
  if (kind === undefined) return undefined;
  const steps = stepsInName(name) ?? kind.steps;
  const { sampler = 'lcm', spacing } = kind;
  return { sampler, steps, ...(!GUIDED.test(name) && { guidance: 1 }), ...(spacing !== undefined && { spacing }) };
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
  return settingsIn(metadata);
}

/** By the names that a file's metadata has. */
function settingsIn(metadata: Readonly<Record<string, string>>): FewStepSettings | undefined {
  for (const name of namesIn(metadata)) {
    const settings = fewStepSettings(name);
    if (settings !== undefined) return settings;
  }
  return undefined;
}

/** Of a LoRA whose file is read. */
export function fewStepsOf(file: string, metadata: Readonly<Record<string, string>>): FewStepSettings | undefined {
  return fewStepSettings(basename(file)) ?? settingsIn(metadata);
}
