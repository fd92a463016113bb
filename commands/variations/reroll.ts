import type { GenerationSpec, Seed } from '../../engine/index.ts';
import type { ButtonHandler } from '../context.ts';
import { submitPressed } from '../imagine/submit.ts';
import { gridSpec, refuseDeleted } from '../jobs/job-pictures.ts';

/** The same request with a new seed, always, even when the first one was given: the same seed would draw the same. */
export const reroll: ButtonHandler = {
  async run(request, job, index, context) {
    refuseDeleted(job);
    const spec = withNewSeed(await gridSpec(job, context), context.randomSeed());
    return submitPressed(request, job, index, { kind: 'generate', spec }, context);
  },
};

/** Variations of a picture are rerolled as other variations of that picture, not as another picture. */
function withNewSeed(spec: GenerationSpec, seed: Seed): GenerationSpec {
  const last = spec.variations.at(-1);
  if (last === undefined) return { ...spec, seed };
  return { ...spec, variations: [...spec.variations.slice(0, -1), { ...last, seed }] };
}
