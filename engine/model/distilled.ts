import { stepsInName } from '../few-step-names.ts';
import type { SchedulerConfig } from '../schedulers/config.ts';

/** How a model that was distilled to draw in few steps is used, as its makers say. */
export interface Distillation {
  readonly steps: number;
  /** 1 is none. */
  readonly guidance: number;
  /** What its scheduler is; where the folder names another class, that one stays. */
  readonly scheduler: Readonly<Partial<SchedulerConfig>>;
  /** Side of its pictures in latents, where it is not the family's. */
  readonly sampleSize?: number;
}

interface Kind {
  readonly name: RegExp;
  readonly steps: number;
  readonly scheduler: string;
  readonly sampleSize?: number;
}

const EULER = 'EulerDiscreteScheduler';

/** The first that the name fits. All of them count timesteps from the noisiest end on, or draw noise. */
const KINDS: readonly Kind[] = [
  // Sauer et al. 2023, "Adversarial Diffusion Distillation": 512×512 pixels.
  {
    name: /(^|[^a-z])(sd|sdxl|sd_xl)[-_ ]?turbo([^a-z]|$)/i,
    steps: 4,
    scheduler: 'EulerAncestralDiscreteScheduler',
    sampleSize: 64,
  },
  // What was trained or merged from it draws at the family's size.
  { name: /^(?=.*(?:xl|sd)).*turbo/i, steps: 6, scheduler: 'EulerAncestralDiscreteScheduler' },
  // Lin et al. 2024, "SDXL-Lightning".
  { name: /^(?=.*(?:xl|\d[-_ ]?step)).*lightning/i, steps: 4, scheduler: EULER },
  // Ren et al. 2024, "Hyper-SD".
  { name: /hyper[-_ ]?(sd|xl)|^(?=.*\d[-_ ]?step).*hyper/i, steps: 8, scheduler: 'LCMScheduler' },
  // Yin et al. 2024, "DMD2", and Luo et al. 2023, "LCM".
  { name: /(^|[^a-z])dmd2?([^a-z]|$)/i, steps: 4, scheduler: 'LCMScheduler' },
  { name: /(^|[^a-z])lcm([^a-z]|$)/i, steps: 4, scheduler: 'LCMScheduler' },
];
/** Of one step, it predicts the picture itself: sdxl_lightning_1step_x0. */
const PREDICTS_PICTURE = /(^|[^a-z0-9])x0([^a-z0-9]|$)/i;

/**
 * Told by names alone, since neither sizes nor keys of the files say it: so it changes defaults only, and an `easel.json`
 * goes before it.
 * @param names of the model, and those that its file's metadata has
 */
export function distillationOf(names: readonly string[]): Distillation | undefined {
  for (const name of names) {
    const kind = KINDS.find((candidate) => candidate.name.test(name));
    if (kind === undefined) continue;
    return {
      steps: stepsInName(name) ?? kind.steps,
      guidance: 1,
      scheduler: {
        _class_name: kind.scheduler,
        timestep_spacing: 'trailing',
        ...(PREDICTS_PICTURE.test(name) && { prediction_type: 'sample' }),
      },
      ...(kind.sampleSize !== undefined && { sampleSize: kind.sampleSize }),
    };
  }
  return undefined;
}
