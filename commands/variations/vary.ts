import { type EngineTask, specOf } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import type { ButtonHandler, CommandContext } from '../context.ts';
import { submitPressed } from '../imagine/submit.ts';
import { findPicture, gridSpec } from '../jobs/job-pictures.ts';

/** Strength of the variation noise: the first two keep the layout, all three keep the subject. */
export const STRENGTHS = { subtle: 0.2, normal: 0.35, strong: 0.6 } as const;

/** Pictures near one of a grid. */
export const vary = varyBy(STRENGTHS.normal);
/** Pictures very near to a single one. */
export const varySubtle = varyBy(STRENGTHS.subtle);
/** Pictures farther from a single one. */
export const varyStrong = varyBy(STRENGTHS.strong);

function varyBy(strength: number): ButtonHandler {
  return {
    async run(request, job, index, context) {
      return submitPressed(request, job, index, await variationOf(job, index, strength, context), context);
    },
  };
}

/**
 * As many variations of one picture as its grid had pictures; of an enlargement, at the size before enlarging.
 * @throws BadInputError when there is no such picture
 */
export async function variationOf(
  job: Job,
  index: number,
  strength: number,
  context: CommandContext,
): Promise<EngineTask> {
  const single = specOf(findPicture(job, index).recipe);
  const { count } = await gridSpec(job, context);
  const variations = [...single.variations, { seed: context.randomSeed(), strength }];
  return { kind: 'generate', spec: { ...single, count, variations } };
}
