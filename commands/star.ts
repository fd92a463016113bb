import { code, text } from '../src/core/reply.ts';
import { hasStarOf } from '../src/core/star.ts';
import type { ButtonHandler } from './context.ts';
import { findPicture } from './picture.ts';
import { privately } from './replies.ts';

/** Everyone's own mark: what has one is kept for as long as it has. */
export const star: ButtonHandler = {
  async run(request, job, index, context) {
    findPicture(job, index);
    const decide = async () => !hasStarOf(job, request.user);
    return context.once(request, decide, async (isStarred) => {
      await context.setStar(job, request.user, isStarred);
      return privately([
        isStarred
          ? [text('⭐ Starred and kept: '), code('/show starred'), text(' finds it again.')]
          : [text('Your star is taken away.')],
      ]);
    });
  },
};
