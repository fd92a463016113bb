import { EngineError } from '../errors.ts';
import type { GenerationSpec } from '../generation-spec.ts';
import type { Model } from '../model/model.ts';
import { createScheduler } from '../schedulers/index.ts';

/** What is within the engine's bounds but beyond those of the request's model. @throws EngineError `bad_request` */
export function checkForModel(spec: GenerationSpec, { vaeFactor, textEncoders, scheduler, taesd }: Model): void {
  if (spec.width % vaeFactor !== 0 || spec.height % vaeFactor !== 0) {
    throw new EngineError('bad_request', `This model needs sides that are multiples of ${vaeFactor}.`);
  }
  if (spec.decoder === 'taesd' && taesd === undefined) {
    throw new EngineError(
      'bad_request',
      'This model has no Tiny AutoEncoder (TAESD) beside it; use the decoder full, or another model.',
    );
  }
  checkClipSkip(spec.clipSkip ?? 1, Math.min(...textEncoders.map(({ config }) => config.num_hidden_layers)));
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
