import { specOf } from '../engine/index.ts';
import type { ButtonHandler } from './context.ts';
import { findPicture, gridSpec } from './picture.ts';
import { submitPressed } from './submit.ts';

/** Shares of other noise mixed into the picture's own: its layout survives the first two, its subject all three. */
const STRENGTHS = { subtle: 0.2, normal: 0.35, strong: 0.6 } as const;

export const vary = varyBy(STRENGTHS.normal);
export const varySubtle = varyBy(STRENGTHS.subtle);
export const varyStrong = varyBy(STRENGTHS.strong);

/** As many variations of one picture as its grid had pictures; of an enlargement, at the size before enlarging. */
function varyBy(strength: number): ButtonHandler {
  return {
    async run(request, job, index, context) {
      const single = specOf(findPicture(job, index).recipe);
      const { count } = await gridSpec(job, context);
      const variations = [...single.variations, { seed: context.randomSeed(), strength }];
      return submitPressed(request, job, index, { kind: 'generate', spec: { ...single, count, variations } }, context);
    },
  };
}
