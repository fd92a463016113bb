import { SPEC_LIMITS } from '../engine/index.ts';
import { BadInputError } from '../src/errors.ts';
import type { ButtonHandler } from './context.ts';
import { findPicture } from './picture.ts';
import { submitPressed } from './submit.ts';

const FACTOR = 2;
/** Enough of the schedule to draw detail that the small picture had no room for, too little to change what it shows. */
const STRENGTH = 0.35;

export const upscale: ButtonHandler = {
  async run(request, job, index, context) {
    const { width, height, recipe } = findPicture(job, index);
    if (Math.max(width, height) * FACTOR > SPEC_LIMITS.maxSide) {
      throw new BadInputError(
        'too_large',
        `This picture is ${width}×${height} already, and ${SPEC_LIMITS.maxSide} pixels a side is the most; it cannot be enlarged further.`,
      );
    }
    return submitPressed(
      request,
      job,
      index,
      { kind: 'upscale', source: recipe, factor: FACTOR, strength: STRENGTH },
      context,
    );
  },
};
