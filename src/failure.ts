import { randomBytes } from 'node:crypto';
import { isEngineError } from '../engine/index.ts';
import type { JobFailure } from './core/job.ts';
import { BadInputError, EaselError } from './errors.ts';
import type { Log } from './log.ts';

/** What a person is told of any error. @param facts what the log should say beside it: job id, request id. */
export type Explain = (error: unknown, facts: Readonly<Record<string, string>>) => JobFailure;

/** Errors with a sentence keep it; of all others a person sees a reference id and the log has the details. */
export function createExplain(log: Log): Explain {
  return (error, facts) => {
    const known = sentenceOf(error);
    if (known !== undefined) {
      // What a person mistyped is no event in the life of the bot.
      const level = error instanceof BadInputError ? 'debug' : 'info';
      log[level]({ ...facts, code: known.code, err: causeOf(error) }, known.userMessage);
      return known;
    }
    const reference = randomBytes(4).toString('hex');
    log.error({ ...facts, reference, err: error }, 'unexpected error');
    return {
      code: 'internal',
      userMessage: `Something went wrong inside Easel; its log tells more under reference ${reference}.`,
    };
  };
}

function sentenceOf(error: unknown): JobFailure | undefined {
  if (error instanceof EaselError) return { code: error.code, userMessage: error.userMessage };
  if (isEngineError(error) && error.code !== 'internal') return { code: error.code, userMessage: error.message };
  if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'SQLITE_FULL')) {
    return {
      code: 'disk_full',
      userMessage: 'The disk that holds the pictures is full; ask again when there is room.',
    };
  }
  return undefined;
}

/** pino prints an error's stack; a sentence needs none unless something stands behind it. */
function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
