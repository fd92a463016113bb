import { isAbsolute } from 'node:path';

/** What went wrong in the engine, as data: crosses the process boundary and can be shown to a person. */
export const ENGINE_ERROR_CODES = [
  'missing_file',
  'hub_unreachable',
  'corrupt_file',
  'wrong_shape',
  'unsupported_model',
  'unknown_scheduler',
  'bad_request',
  'aborted',
  'engine_crashed',
  'engine_unavailable',
  'out_of_memory',
  'provider_failed',
  'device_lost',
  'internal',
] as const;
export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number];

/** An error that a person can be told: its message is one sentence that says what was wrong and what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  /** Names and numbers the message was made of: file, tensor, expected, found. */
  readonly facts: Readonly<Record<string, string | number>>;

  /** @param message one sentence: what is wrong and what to do. */
  constructor(
    code: EngineErrorCode,
    message: string,
    facts: Readonly<Record<string, string | number>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
  }
}

/** The file or folder that an error is about, for whoever runs Easel; its sentence names it without the way there. */
export function fileOf({ facts }: EngineError): string | undefined {
  const file = facts.file ?? facts.path ?? facts.folder;
  return typeof file === 'string' && isAbsolute(file) ? file : undefined;
}

export function isEngineError(value: unknown): value is EngineError {
  return value instanceof EngineError;
}
