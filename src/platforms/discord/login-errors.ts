import { DiscordjsError, DiscordjsErrorCodes, GatewayCloseCodes } from 'discord.js';
import { EaselError } from '../../core/errors.ts';
import { type DiscordRequestError, redact, toRequestError } from './errors.ts';

const PORTAL = 'https://discord.com/developers/applications';
const UNAUTHORIZED = 401;

/** What a person has to click when Discord does not let the bot in for good; undefined for trouble that may pass. */
export function explainLoginError(error: unknown, closeCode: number | undefined): EaselError | undefined {
  const sentence = sentenceOf(error, closeCode);
  return sentence === undefined
    ? undefined
    : new EaselError('discord_setup', sentence, { cause: toRequestError(error) });
}

function sentenceOf(error: unknown, closeCode: number | undefined): string | undefined {
  switch (closeCode) {
    case GatewayCloseCodes.AuthenticationFailed:
      return BAD_TOKEN;
    case GatewayCloseCodes.DisallowedIntents:
    case GatewayCloseCodes.InvalidIntents:
      return `Discord refuses the intents of this bot. Easel asks only for the list of servers, which every application has: open ${PORTAL}, choose the application that DISCORD_TOKEN belongs to, and look under Bot whether it is still in order.`;
    case GatewayCloseCodes.ShardingRequired:
      return 'The bot is in so many servers that Discord wants it in several shards; set DISCORD_SHARDS=auto.';
    case GatewayCloseCodes.InvalidShard:
      return 'Discord does not take this number of shards; set DISCORD_SHARDS=auto.';
    default:
      break;
  }
  if (isBadToken(error)) return BAD_TOKEN;
  if (error instanceof Error && error.message.startsWith('Not enough sessions remaining')) {
    return `Discord lets this bot connect no more for now (${redact(error.message)}); something connects with its DISCORD_TOKEN over and over.`;
  }
  return undefined;
}

function isBadToken(error: unknown): boolean {
  if (error instanceof DiscordjsError && error.code === DiscordjsErrorCodes.TokenInvalid) return true;
  const { status }: DiscordRequestError = toRequestError(error);
  return status === UNAUTHORIZED;
}

const BAD_TOKEN = `Discord does not accept DISCORD_TOKEN. Open ${PORTAL}, choose the application, go to Bot, press Reset Token, and start Easel with the token that is shown then.`;
