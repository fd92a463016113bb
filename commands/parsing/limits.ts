import { SPEC_LIMITS } from '../../engine/index.ts';
import { truncate } from '../../src/core/truncate.ts';

/** Characters (code points) of a prompt or a negative prompt: far beyond what CLIP reads, and it fits every platform. */
export const MAX_PROMPT_LENGTH = 2000;

/** Pixels of all pictures of one job together: one picture of the largest size, or four of 1024×1024. */
export const MAX_JOB_PIXELS = SPEC_LIMITS.maxSide ** 2;

/** Steps away from a seed that one picture may be. */
export const MAX_VARIATIONS = 16;

/** Characters of a typed word repeated in a sentence. */
const MAX_QUOTED_LENGTH = 40;

/** What a person typed, short enough to be repeated in a sentence. */
export function shorten(typed: string, length: number = MAX_QUOTED_LENGTH): string {
  return truncate(typed, length);
}
