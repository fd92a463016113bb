import { specOf } from '../../engine/index.ts';
import type { Job } from '../../src/core/job.ts';
import { type RichText, sentence, text } from '../../src/core/reply.ts';
import type { ButtonHandler, CommandContext } from '../context.ts';
import { refuseDeleted } from '../jobs/job-pictures.ts';
import { privateReply } from '../replies.ts';
import { describeRecipe } from './recipe-lines.ts';

export const recipePressed: ButtonHandler = {
  async run(_request, job, _index, context) {
    refuseDeleted(job);
    return privateReply(describeJobRecipe(job, context));
  },
};

/** How the pictures of a job were made; of a grid the recipe of all, which is that of its first with a count. */
export function describeJobRecipe({ task, pictures }: Job, { engine }: CommandContext): RichText[] {
  const spec = specOf(task);
  const { model: id, variations, sampler } = spec;
  const model = engine.models.find((candidate) => candidate.id === id);
  const note = model?.sampler === sampler ? model.samplerNote : undefined;
  const lines = [
    ...describeRecipe(task, model?.title ?? id, { spec, knowsModel: model !== undefined }),
    ...(note === undefined ? [] : [sentence(note)]),
  ];
  return pictures.length > 1 ? [...lines, describeSeeds(variations.length > 0)] : lines;
}

/** How a grid's pictures differ. */
export function describeSeeds(isVaried: boolean): RichText {
  return [text(`Picture n has ${isVaried ? 'the last variation’s seed' : 'seed'} + n − 1.`)];
}
