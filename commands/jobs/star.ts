import { code, text } from '../../src/core/reply.ts';
import { hasStarOf } from '../../src/core/star.ts';
import type { ButtonHandler } from '../context.ts';
import { privateReply } from '../replies.ts';
import { findPicture } from './job-pictures.ts';

/** Each user has their own stars; a starred picture is kept. */
export const star: ButtonHandler = {
  async run(request, job, index, context) {
    findPicture(job, index);
    const plan = async () => !hasStarOf(job, request.user);
    return context.runOnce(request, plan, async (isStarred) => {
      await context.setStar(job, request.user, isStarred);
      return privateReply([
        isStarred
          ? [text('⭐ Starred: this picture is kept. '), code('/show starred'), text(' shows it again.')]
          : [text('Your star is removed.')],
      ]);
    });
  },
};
