import { HubApiError } from '@huggingface/hub';
import { EngineError, type EngineErrorCode, isEngineError } from '../errors.ts';
import type { HubId } from './hub-id.ts';
import type { HubSettings } from './hub-settings.ts';

/**
 * What a person is told when the Hub does not give what was asked for.
 * @param isGated the Hub said that the model's terms must be accepted first
 */
export function hubError(cause: unknown, id: HubId, settings: HubSettings, isGated = false): EngineError {
  if (isEngineError(cause)) return cause;
  const { repo } = id;
  if (codeOf(cause) === 'ENOSPC') {
    const sentence = `The disk is full: ${repo} does not fit; free some space, or set HF_HOME to another disk.`;
    return new EngineError('bad_request', sentence, { repo }, cause);
  }
  if (cause instanceof HubApiError) return answerError(cause, id, settings, isGated);
  return new EngineError(
    'hub_unreachable',
    `The Hub at ${settings.endpoint} cannot be reached for ${repo}; check the network, or use a model on this machine.`,
    { repo },
    cause,
  );
}

function answerError(cause: HubApiError, id: HubId, { endpoint, token }: HubSettings, isGated: boolean): EngineError {
  const { repo, revision } = id;
  const status = cause.statusCode;
  const refuse = (code: EngineErrorCode, sentence: string) => new EngineError(code, sentence, { repo, status }, cause);
  if (status === 403 || (status === 401 && isGated)) {
    const then = token === undefined ? 'then set HF_TOKEN to a token of that account' : 'with the account of HF_TOKEN';
    return refuse('bad_request', `${repo} is gated: accept its terms at ${endpoint}/${repo}, ${then}.`);
  }
  if (status === 401) {
    const access =
      token === undefined ? 'set HF_TOKEN if it is private' : 'whether the account of HF_TOKEN has access to it';
    return refuse('missing_file', `The model ${repo} was not found on the Hub; check the name, and ${access}.`);
  }
  if (status === 404) {
    return refuse(
      'missing_file',
      `The model ${repo} with the revision "${revision}" was not found on the Hub; check both.`,
    );
  }
  return refuse('hub_unreachable', `The Hub at ${endpoint} answered ${status} for ${repo}; try again later.`);
}

/** The model is not on this machine, and Easel is not to ask the Hub. */
export function offlineError({ repo, revision }: HubId): EngineError {
  return new EngineError(
    'missing_file',
    `${repo} (${revision}) is not complete in the cache and HF_HUB_OFFLINE is set; unset it once to download the model.`,
    { repo, revision },
  );
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}
