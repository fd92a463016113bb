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
      return `Discord rejects the intents of this bot. Easel requests only the Guilds intent, which every application has: open ${PORTAL}, choose the application of DISCORD_TOKEN, and check its state under Bot.`;
    case GatewayCloseCodes.ShardingRequired:
      return 'The bot is in so many servers that Discord requires several shards; set DISCORD_SHARDS=auto.';
    case GatewayCloseCodes.InvalidShard:
      return 'Discord rejects this number of shards; set DISCORD_SHARDS=auto.';
    default:
      break;
  }
  if (isBadToken(error)) return BAD_TOKEN;
  if (error instanceof Error && error.message.startsWith('Not enough sessions remaining')) {
    return `Discord allows no more connections of this bot for now (${redact(error.message)}); some process connects with its DISCORD_TOKEN again and again. Stop that process.`;
  }
  return undefined;
}

function isBadToken(error: unknown): boolean {
  if (error instanceof DiscordjsError && error.code === DiscordjsErrorCodes.TokenInvalid) return true;
  const { status }: DiscordRequestError = toRequestError(error);
  return status === UNAUTHORIZED;
}

const BAD_TOKEN = `Discord does not accept DISCORD_TOKEN. Open ${PORTAL}, choose the application, go to Bot, press Reset Token, and start Easel with the new token.`;
