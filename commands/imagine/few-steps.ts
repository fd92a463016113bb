import { type EngineDescription, type FewStepSettings, type GenerationSpec, readLoraTags } from '../../engine/index.ts';
import type { ImagineInput } from './imagine-input.ts';

/** A LoRA for few steps, and what it is used with. */
export interface FewStepLora extends FewStepSettings {
  readonly name: string;
}

/**
 * The LoRA whose settings count where none are said: of a new request, or of a picture made again whose prompt had no
 * such LoRA yet.
 */
export function newFewStepLora(
  prompt: string,
  { engine, base }: { readonly engine: EngineDescription; readonly base?: GenerationSpec },
): FewStepLora | undefined {
  return base !== undefined && fewStepLora(base.prompt, engine) !== undefined ? undefined : fewStepLora(prompt, engine);
}

/** The first LoRA of a prompt that is for few steps. */
function fewStepLora(prompt: string, { fewStepLoras = {} }: EngineDescription): FewStepLora | undefined {
  const known = new Map(Object.entries(fewStepLoras).map(([name, settings]) => [name.toLowerCase(), settings]));
  for (const { name, strengths } of readLoraTags(prompt).loras) {
    const settings = known.get(name.toLowerCase());
    if (settings !== undefined && strengths.unet !== 0) return { name, ...settings };
  }
  return undefined;
}

/**
 * What the LoRA chose because nobody else did, as a sentence; undefined when that is nothing.
 * @param spec what `values` were resolved to
 */
export function fewStepNote(
  values: ImagineInput,
  spec: GenerationSpec,
  { name, guidance }: FewStepLora,
): string | undefined {
  const chosen = [
    ...(values.steps === undefined ? [`--steps ${spec.steps}`] : []),
    ...(values.guidance === undefined && guidance !== undefined ? [`--guidance ${spec.guidance}`] : []),
    ...(values.sampler === undefined ? [`--sampler ${spec.sampler}`] : []),
  ];
  return chosen.length === 0 ? undefined : `The LoRA ${name} is made for few steps, so Easel uses ${chosen.join(' ')}.`;
}
