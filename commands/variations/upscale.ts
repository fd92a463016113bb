import { SPEC_LIMITS, type UpscaleTask } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { upscaledSize } from '../../src/core/picture-size.ts';
import type { ButtonHandler } from '../context.ts';
import { submitPressed } from '../imagine/submit.ts';
import { findPicture } from '../jobs/job-pictures.ts';

/** Denoising strength: enough to add detail, too low to change the content. */
const STRENGTH = 0.35;

/** Twice the sides; the latents are enlarged and refined. Where there is an upscaler model, it enlarges the pixels. */
export const upscale = upscaleBy(2, { strength: STRENGTH });
/** The same, by 1.5. */
export const upscaleHalf = upscaleBy(1.5, { strength: STRENGTH });
/** The same, by 4. */
export const upscaleFour = upscaleBy(4, { strength: STRENGTH });
/** Resizes the pixels without redrawing: fast and exact. */
export const enlarge = upscaleBy(2, { strength: 0, mode: 'lanczos' });

function upscaleBy(factor: number, how: Pick<UpscaleTask, 'strength' | 'mode'>): ButtonHandler {
  return {
    async run(request, job, index, context) {
      const { width, height, recipe } = findPicture(job, index);
      const size = upscaledSize({ width, height }, factor);
      if (Math.max(size.width, size.height) > SPEC_LIMITS.maxUpscaledSide) {
        throw new BadInputError(
          'too_large',
          `×${factor} would make this picture ${size.width}×${size.height}, but the limit is ${SPEC_LIMITS.maxUpscaledSide} pixels per side; choose a smaller factor or picture.`,
        );
      }
      const [upscaler] = context.engine.upscalers ?? [];
      const model = upscaler === undefined ? {} : ({ mode: 'lanczos', upscaler } as const);
      const task = { kind: 'upscale', source: recipe, factor, ...how, ...model } as const;
      return submitPressed(request, job, index, task, context);
    },
  };
}
