import { displayModel } from '../display-path.ts';
import { EngineError } from '../errors.ts';
import { SUPPORTED } from './families.ts';

/** What people call the pipelines that are most often mistaken for the ones that Easel runs. */
const TITLES: readonly (readonly [RegExp, string])[] = [
  [/^StableDiffusion3/, 'Stable Diffusion 3'],
  [/^StableVideoDiffusion/, 'Stable Video Diffusion'],
  [/^StableCascade/, 'Stable Cascade'],
  [/^Flux2/, 'FLUX.2'],
  [/^Flux/, 'Flux'],
  [/^Chroma/, 'Chroma'],
  [/^QwenImage/, 'Qwen-Image'],
  [/^ZImage/, 'Z-Image'],
  [/^(Wan|SkyReels)/, 'Wan video'],
  [/^HunyuanVideo/, 'HunyuanVideo'],
  [/^LTX/, 'LTX-Video'],
  [/^LatentConsistency/, 'latent consistency'],
];

/** @param className `_class_name` of a model_index.json. */
export function pipelineTitle(className: string): string {
  return TITLES.find(([pattern]) => pattern.test(className))?.[1] ?? className;
}

/** @param title what the model is, as people call it. */
export function unsupportedModel(path: string, title: string): EngineError {
  return new EngineError(
    'unsupported_model',
    `${displayModel(path)} is a ${title} model; Easel supports ${SUPPORTED}.`,
    { path, title },
  );
}
