/** Metadata of a safetensors file that holds a name: kohya's and Stability AI's. */
const NAME_KEYS = ['ss_output_name', 'modelspec.title'];
/** As published names say it: Hyper-SD15-8steps-lora, sdxl_lightning_4step. */
const STEPS = /(?:^|[^0-9])(\d{1,2})[-_ ]?steps?(?![a-z])/i;

/** The names that a file's metadata has. */
export function namesIn(metadata: Readonly<Record<string, string>>): readonly string[] {
  return NAME_KEYS.flatMap((key) => metadata[key] ?? []);
}

/** The number of steps that the name of a model or a LoRA says it is for; undefined where it says none. */
export function stepsInName(name: string): number | undefined {
  const written = STEPS.exec(name)?.[1];
  return written === undefined ? undefined : Number(written);
}
