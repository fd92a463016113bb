import { webApi } from '@slack/bolt';
import { EaselError } from '../../core/errors.ts';

/**
 * What went wrong between Easel and Slack. Bolt's own errors carry responses and addresses, with tickets and response
 * URLs in them; this one carries nothing secret, so it may be logged.
 */
export class SlackRequestError extends Error {
  override readonly name = 'SlackRequestError';
  /** Slack's own word, such as `not_in_channel`; undefined when no answer came, or none of Slack's making. */
  readonly code: string | undefined;
  /** HTTP status, where it was not 200. */
  readonly status: number | undefined;
  /** The scopes that a call would have needed, with `missing_scope`. */
  readonly needed: string | undefined;
  /** Slack asks to be left alone this long. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    facts: { code?: string; status?: number; needed?: string | undefined; retryAfterMs?: number } = {},
  ) {
    super(redact(message));
    this.code = facts.code;
    this.status = facts.status;
    this.needed = facts.needed;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** Bot, user and app tokens; the tickets of sockets; addresses that let anybody answer or upload. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\bx(?:ox[a-z]|app)(?:[-.][\w%.-]+)+/gi, '(token)'],
  [/\b(ticket|token|signature)=[^\s&"']+/gi, '$1=(redacted)'],
  [/\b(Bearer )\S+/g, '$1(token)'],
  [/("(?:token|response_url|trigger_id|authorization)"\s*:\s*)"[^"]*"/gi, '$1"(redacted)"'],
  [/(\/(?:commands|actions|app|services|upload\/v1)\/)[\w%/.-]+/gi, '$1(redacted)'],
];

/** Text without tokens, tickets and addresses that are secrets. */
export function redact(text: string): string {
  return SECRETS.reduce((clean, [secret, replacement]) => clean.replace(secret, replacement), text);
}

/** Any error of Bolt's as one that may be logged. @param method what was called */
export function toRequestError(error: unknown, method: string): SlackRequestError {
  if (error instanceof SlackRequestError) return error;
  if (error instanceof webApi.WebAPIPlatformError) {
    const { error: code, response_metadata } = error.data;
    const details = response_metadata?.messages?.join('; ');
    const message = `${method}: ${code}${details === undefined ? '' : ` (${details})`}`;
    const needed: unknown = Reflect.get(error.data, 'needed');
    return new SlackRequestError(message, { code, needed: typeof needed === 'string' ? needed : undefined });
  }
  if (error instanceof webApi.WebAPIRateLimitedError) {
    const facts = { code: 'ratelimited', status: 429, retryAfterMs: error.retryAfter * 1000 };
    return new SlackRequestError(`${method}: rate limit, again in ${error.retryAfter} s`, facts);
  }
  if (error instanceof webApi.WebAPIHTTPError) {
    return new SlackRequestError(`${method}: HTTP ${error.statusCode}`, { status: error.statusCode });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new SlackRequestError(`${method}: ${reason}`);
}

/** The message, its channel or the way there is no longer open to the bot. */
const GONE: readonly string[] = [
  'message_not_found',
  'channel_not_found',
  'thread_not_found',
  'is_archived',
  'is_inactive',
  'not_in_channel',
  'cant_update_message',
  'edit_window_closed',
  'user_not_found',
  'user_disabled',
  'user_is_restricted',
  'restricted_action',
  'restricted_action_read_only_channel',
  'restricted_action_thread_only_channel',
  'restricted_action_non_threadable_channel',
  'messages_tab_disabled',
  'ekm_access_denied',
];
const REFUSED_TOKEN: readonly string[] = [
  'not_authed',
  'invalid_auth',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'user_removed_from_team',
  'team_disabled',
  'org_login_required',
];
/** Slack's servers, not what they were asked. */
const TRANSIENT: readonly string[] = [
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'ratelimited',
  'rate_limited',
  'accesslimited',
  'team_added_to_org',
];

export function isGone({ code }: SlackRequestError): boolean {
  return code !== undefined && GONE.includes(code);
}

/** Neither of the two tokens gets better by trying again. */
export function isRefusedToken({ code }: SlackRequestError): boolean {
  return code !== undefined && REFUSED_TOKEN.includes(code);
}

/** Nobody knows whether Slack did what was asked; or it says that it has not, for now. */
export function isTransient({ code, status }: SlackRequestError): boolean {
  if (code !== undefined) return TRANSIENT.includes(code);
  return status === undefined || status >= 500;
}

/** What a person can do about it; undefined where that would be nothing. */
export function adviseOn({ code, needed }: SlackRequestError): string | undefined {
  switch (code) {
    case 'not_in_channel':
    case 'channel_not_found':
      return 'Easel is not in this conversation; invite it with `/invite @Easel`, then ask again.';
    case 'is_archived':
      return 'This channel is archived; use another one, or have it unarchived.';
    case 'restricted_action':
    case 'restricted_action_read_only_channel':
    case 'restricted_action_thread_only_channel':
    case 'restricted_action_non_threadable_channel':
      return 'Easel is not allowed to post in this channel; ask its managers to allow it, or use another channel.';
    case 'messages_tab_disabled':
      return "Easel's Messages Tab is off; the owner of the app can turn it on under App Home.";
    case 'missing_scope':
    case 'no_permission':
      return `Easel's Slack app lacks a permission (${needed ?? 'see its log'}); the owner of the app can add it and reinstall the app.`;
    case 'file_uploads_disabled':
    case 'file_uploads_except_images_disabled':
    case 'file_upload_permission_denied':
    case 'not_allowed_token_type':
      return 'Easel is not allowed to upload files in this workspace; its admins can allow it.';
    case 'storage_limit_reached':
    case 'over_storage_limit':
      return "This workspace's file storage is full; its admins can free some space.";
    default:
      return undefined;
  }
}

/** What the operator can do about it, for the log or at the start. */
export function operatorAdvice({ code, needed }: SlackRequestError, token: string): string | undefined {
  switch (code) {
    case 'not_authed':
    case 'invalid_auth':
      return `Slack does not know ${token}; copy it again from the app's page at api.slack.com/apps.`;
    case 'account_inactive':
    case 'token_revoked':
    case 'token_expired':
    case 'user_removed_from_team':
      return `Slack has revoked ${token}; reinstall the app at api.slack.com/apps and give Easel the new one.`;
    case 'team_disabled':
    case 'org_login_required':
      return `The workspace of ${token} is closed; install the app in another.`;
    case 'not_allowed_token_type':
      return `${token} is a token of the wrong kind: SLACK_BOT_TOKEN begins with xoxb-, SLACK_APP_TOKEN with xapp-.`;
    case 'missing_scope':
    case 'no_permission':
      if (token === 'SLACK_APP_TOKEN') {
        return 'SLACK_APP_TOKEN lacks the scope connections:write; make one that has it under Basic Information.';
      }
      return `${token} lacks the scope ${needed ?? 'for this'}; add it under OAuth & Permissions, or paste slack-manifest.yaml, and reinstall the app.`;
    default:
      return undefined;
  }
}

/** @throws EaselError always: Slack does not let the bot in, and why */
export function refuseStart(requestError: SlackRequestError, token: string): never {
  const advice =
    operatorAdvice(requestError, token) ??
    `Slack rejects Easel's connection (${requestError.message}); check the tokens at api.slack.com/apps.`;
  throw new EaselError(`slack_${requestError.code ?? 'refused'}`, advice, { cause: requestError });
}
