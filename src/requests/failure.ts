import { randomBytes } from 'node:crypto';
import { fileOf, isEngineError } from '../../engine/index.ts';
import { BadInputError, EaselError } from '../core/errors.ts';
import type { JobFailure } from '../core/job.ts';
import { redactPaths } from '../core/redact-paths.ts';
import { truncate } from '../core/truncate.ts';
import { diskErrorOf } from '../lib/disk-errors.ts';
import type { Log } from '../lib/log.ts';

/** Characters: less than the shortest message of the platforms, whatever a sentence was made of. */
const MAX_SENTENCE_LENGTH = 1800;

/** What a person is told of any error. @param facts what the log should say beside it: job id, request id. */
export type Explain = (error: unknown, facts: Readonly<Record<string, string>>) => JobFailure;

/**
 * Errors with a sentence keep it, without the paths in it and no longer than a message; of all others a person sees a
 * reference id and the log has the details.
 * @param folders of this machine that sentences may name
 */
export function createExplain(log: Log, folders: readonly string[] = []): Explain {
  return (error, facts) => {
    const known = sentenceOf(error);
    if (known !== undefined) {
      const level = levelOf(error, known);
      const file = isEngineError(error) ? fileOf(error) : undefined;
      const beside = { code: known.code, ...(file !== undefined && { file }), err: causeOf(error) };
      log[level]({ ...facts, ...beside }, known.userMessage);
      const userMessage = truncate(
        redactPaths(known.userMessage, [...pathsOf(error), ...folders]),
        MAX_SENTENCE_LENGTH,
      );
      return { code: known.code, userMessage };
    }
    const reference = randomBytes(4).toString('hex');
    log.error({ ...facts, reference, err: error }, 'unexpected error');
    return {
      code: 'internal',
      userMessage: `An unexpected error occurred in Easel; its log has the details under reference ${reference}.`,
    };
  };
}

/** The files and folders that an engine's error names. */
function pathsOf(error: unknown): readonly string[] {
  const facts = isEngineError(error) ? Object.values(error.facts) : [];
  return facts.filter((fact) => typeof fact === 'string');
}

function sentenceOf(error: unknown): JobFailure | undefined {
  if (error instanceof EaselError) return { code: error.code, userMessage: error.userMessage };
  if (isEngineError(error) && error.code !== 'internal') return { code: error.code, userMessage: error.message };
  const trouble = diskErrorOf(error, 'refused');
  return trouble && { code: trouble.code, userMessage: trouble.userMessage };
}

/** Bad input is logged at debug level; disk errors concern the operator. */
function levelOf(error: unknown, { code }: JobFailure): 'debug' | 'info' | 'error' {
  if (error instanceof BadInputError) return 'debug';
  return code.startsWith('disk_') || code === 'data_gone' ? 'error' : 'info';
}

/** pino prints an error's stack; an expected error needs it only if it has a cause. */
function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
