import { EngineError } from '../errors.ts';
import type { GenerationSpec } from '../generation-spec.ts';
import type { Model } from '../model/model.ts';
import type { SchedulerConfig } from '../schedulers/config.ts';
import { createScheduler } from '../schedulers/index.ts';

/** What a model can be asked for, as plain data. */
export interface ModelBounds {
  /** Pixels of a picture per latent, on each side. */
  readonly vaeFactor: number;
  /** Of the text encoder that has the fewest. */
  readonly textLayers: number;
  readonly scheduler: SchedulerConfig;
  readonly hasTaesd: boolean;
}

/** From a model's configuration. */
export function boundsOf({ vaeFactor, textEncoders, scheduler, taesd }: Model): ModelBounds {
  const textLayers = Math.min(...textEncoders.map(({ config }) => config.num_hidden_layers));
  return { vaeFactor, textLayers, scheduler, hasTaesd: taesd !== undefined };
}

/** What is within the engine's bounds but beyond those of the request's model. @throws EngineError `bad_request` */
export function checkForModel(spec: GenerationSpec, { vaeFactor, textLayers, scheduler, hasTaesd }: ModelBounds): void {
  if (spec.width % vaeFactor !== 0 || spec.height % vaeFactor !== 0) {
    throw new EngineError('bad_request', `This model needs sides that are multiples of ${vaeFactor}.`);
  }
  if (spec.decoder === 'taesd' && !hasTaesd) {
    throw new EngineError(
      'bad_request',
      'This model has no Tiny AutoEncoder (TAESD) beside it; use the decoder full, or another model.',
    );
  }
  checkClipSkip(spec.clipSkip ?? 1, textLayers);
  // Some samplers walk only so many steps.
  createScheduler(spec.sampler, scheduler, spec.steps);
}

/** @param layers of the model's text encoder. @throws EngineError `bad_request` */
export function checkClipSkip(clipSkip: number, layers: number): void {
  if (clipSkip <= layers) return;
  throw new EngineError(
    'bad_request',
    `Clip skip can be at most ${layers}: this model's text encoder has no more layers.`,
  );
}
