import { setTimeout as sleep } from 'node:timers/promises';
import { InteractionResponseType, type RawFile, type REST, Routes } from 'discord.js';
import { type DiscordRequestError, isAnsweredElsewhere, isTokenRefused, toRequestError } from './errors.ts';

/** Discord waits this long for an acknowledgement. */
const ACKNOWLEDGE_WITHIN_MS = 3000;
const PAUSE_MS = 100;

/** What became of the first word to an interaction. `lost`: it came too late, or nobody knows. */
export type CallbackResult =
  | { readonly kind: 'taken'; readonly response: unknown }
  | { readonly kind: 'answered_elsewhere'; readonly trouble: DiscordRequestError }
  | { readonly kind: 'lost'; readonly trouble: DiscordRequestError };

export interface CallbackBody {
  readonly type: InteractionResponseType;
  readonly data?: object;
}

/** @throws DiscordTroubleError when Discord refuses what is said: the interaction can still be answered */
export type Callback = (body: CallbackBody, files: RawFile[]) => Promise<CallbackResult>;

/**
 * Sends the first word, again and again while Discord cannot be reached and still waits for it. That Discord has an
 * answer already then means that an earlier attempt has arrived; at the first attempt it means that somebody else holds
 * the bot's token.
 * @param options.rest must not try again by itself
 */
export function createCallback(options: {
  readonly rest: REST;
  readonly id: string;
  readonly token: string;
}): Callback {
  const { rest, id, token } = options;
  const deadline = performance.now() + ACKNOWLEDGE_WITHIN_MS;

  async function send(body: CallbackBody, files: RawFile[], attempt: number): Promise<CallbackResult> {
    try {
      const response = await rest.post(Routes.interactionCallback(id, token), {
        auth: false,
        body,
        files,
        query: new URLSearchParams({ with_response: `${isAnswer(body)}` }),
        signal: AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now()))),
      });
      return { kind: 'taken', response };
    } catch (error) {
      const requestError = toRequestError(error);
      if (isAnsweredElsewhere(requestError)) {
        return attempt === 0
          ? { kind: 'answered_elsewhere', trouble: requestError }
          : { kind: 'taken', response: undefined };
      }
      if (isRefusedContent(requestError)) throw requestError;
      if (isTokenRefused(requestError) || performance.now() + PAUSE_MS >= deadline)
        return { kind: 'lost', trouble: requestError };
      await sleep(PAUSE_MS);
      return send(body, files, attempt + 1);
    }
  }

  return (body, files) => send(body, files, 0);
}

/** Only an answer is a message whose id is needed. */
function isAnswer({ type }: CallbackBody): boolean {
  return type === InteractionResponseType.ChannelMessageWithSource;
}

function isRefusedContent(requestError: DiscordRequestError): boolean {
  const { status } = requestError;
  return status !== undefined && status >= 400 && status < 500 && status !== 429 && !isTokenRefused(requestError);
}
