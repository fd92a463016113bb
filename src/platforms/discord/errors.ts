import { DiscordAPIError, HTTPError, RateLimitError, RESTJSONErrorCodes } from 'discord.js';

/**
 * What went wrong between Easel and Discord. discord.js' own errors carry the request: interaction tokens in its address,
 * pictures in its body. This one carries neither, so it may be logged.
 */
export class DiscordRequestError extends Error {
  override readonly name = 'DiscordRequestError';
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Discord's own code, such as 10008. */
  readonly code: number | undefined;

  constructor(message: string, status?: number, code?: number) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** `/webhooks/<application>/<token>` and `/interactions/<id>/<token>`, also in an encoded address. */
const TOKENS_IN_PATHS = /((?:webhooks|interactions)(?:\/|%2F)\d+(?:\/|%2F))[^/\s?"'%]+/gi;
/** A bot token: the application's id, a time and a signature, each in base64. */
const BOT_TOKENS = /[\w-]{20,}\.[\w-]{5,}\.[\w-]{20,}/g;

/** Text without tokens. */
export function redact(text: string): string {
  return text.replace(TOKENS_IN_PATHS, '$1(redacted)').replace(BOT_TOKENS, '(redacted)');
}

/** Any error of discord.js as one that may be logged. */
export function toRequestError(error: unknown): DiscordRequestError {
  if (error instanceof DiscordRequestError) return error;
  if (error instanceof DiscordAPIError) {
    const code = typeof error.code === 'number' ? error.code : undefined;
    return new DiscordRequestError(redact(`${error.message} (${error.method} ${error.url})`), error.status, code);
  }
  if (error instanceof HTTPError) {
    return new DiscordRequestError(redact(`${error.message} (${error.method} ${error.url})`), error.status);
  }
  if (error instanceof RateLimitError) {
    return new DiscordRequestError(redact(`rate limit of ${error.route}`), 429);
  }
  if (error instanceof Error) return new DiscordRequestError(redact(`${error.name}: ${error.message}`));
  return new DiscordRequestError(redact(String(error)));
}

/** The message, its channel or the way there is no longer open to the bot. */
const GONE: readonly number[] = [
  RESTJSONErrorCodes.UnknownChannel,
  RESTJSONErrorCodes.UnknownGuild,
  RESTJSONErrorCodes.UnknownMessage,
  RESTJSONErrorCodes.MissingAccess,
  RESTJSONErrorCodes.MissingPermissions,
  RESTJSONErrorCodes.CannotSendMessagesToThisUser,
  RESTJSONErrorCodes.CannotSendMessagesInNonTextChannel,
  RESTJSONErrorCodes.CannotExecuteActionOnThisChannelType,
  RESTJSONErrorCodes.ThreadLocked,
];
/** Too old, used up by somebody else, or never known. */
const TOKEN_REFUSED: readonly number[] = [
  RESTJSONErrorCodes.UnknownInteraction,
  RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged,
  RESTJSONErrorCodes.InvalidWebhookToken,
  RESTJSONErrorCodes.UnknownWebhook,
];
const PAYLOAD_TOO_LARGE = 413;

export function isGone({ code }: DiscordRequestError): boolean {
  return code !== undefined && GONE.includes(code);
}

/** Not granted to the bot: a person can put that right. */
export function isForbidden({ code }: DiscordRequestError): boolean {
  return code === RESTJSONErrorCodes.MissingAccess || code === RESTJSONErrorCodes.MissingPermissions;
}

/** Its interaction's token is good for nothing any more: never try it again. */
export function isTokenRefused({ code, status }: DiscordRequestError): boolean {
  return status === 401 || (code !== undefined && TOKEN_REFUSED.includes(code));
}

export function isTooLarge({ code, status }: DiscordRequestError): boolean {
  return status === PAYLOAD_TOO_LARGE || code === RESTJSONErrorCodes.RequestEntityTooLarge;
}

/** Discord says that somebody has answered this interaction already. */
export function isAnsweredElsewhere({ code }: DiscordRequestError): boolean {
  return code === RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged;
}
