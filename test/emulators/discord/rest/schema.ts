import {
  ApplicationCommandAutocompleteCallbackRequestSchema,
  ApplicationCommandUpdateRequestSchema,
  CreateMessageInteractionCallbackRequestSchema,
  CreatePrivateChannelRequestSchema,
  IncomingWebhookInteractionRequestSchema,
  IncomingWebhookUpdateRequestPartialSchema,
  MessageCreateRequestSchema,
  MessageEditRequestPartialSchema,
  ModalInteractionCallbackRequestSchema,
  UpdateMessageInteractionCallbackRequestSchema,
} from 'discord-api-spec/zod';
import * as z from 'zod/mini';
import { refuse } from '../discord-error.ts';

/** Discord's published schemas (OpenAPI, by npm `discord-api-spec`), by what is asked for. */
export const schemas = {
  createMessage: MessageCreateRequestSchema,
  createPrivateChannel: CreatePrivateChannelRequestSchema,
  editMessage: MessageEditRequestPartialSchema,
  followUp: IncomingWebhookInteractionRequestSchema,
  editFollowUp: IncomingWebhookUpdateRequestPartialSchema,
  callback: z.union([
    CreateMessageInteractionCallbackRequestSchema,
    UpdateMessageInteractionCallbackRequestSchema,
    ApplicationCommandAutocompleteCallbackRequestSchema,
    ModalInteractionCallbackRequestSchema,
  ]),
  commands: z.array(ApplicationCommandUpdateRequestSchema),
} as const;

export type SchemaName = keyof typeof schemas;

/**
 * Holds a request to the schema, and refuses fields that it does not name: Discord ignores those, so they are mistakes.
 * @throws DiscordError 50035
 */
export function checkSchema(name: SchemaName, json: unknown): void {
  const result = z.safeParse(schemas[name], json);
  if (!result.success) {
    throw refuse.invalidBody(result.error.issues.flatMap((issue) => describeIssue(issue)));
  }
  const strange = unknownFields(json, result.data, name);
  if (strange.length > 0) throw refuse.invalidBody(strange);
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.join('.');
  if (issue.code !== 'invalid_union') return [`${place}: ${issue.message}`];
  // Of a union's members the one that came closest says what was wrong.
  const closest = issue.errors.toSorted((a, b) => a.length - b.length)[0] ?? [];
  return [`${place}: fits none of its forms`, ...closest.flatMap(describeIssue)];
}

/** Paths in `given` that parsing has dropped. */
function unknownFields(given: unknown, parsed: unknown, path: string): string[] {
  if (Array.isArray(given) && Array.isArray(parsed)) {
    return given.flatMap((item, index) => unknownFields(item, parsed[index], `${path}.${index}`));
  }
  if (!isRecord(given) || !isRecord(parsed)) return [];
  return Object.entries(given).flatMap(([key, value]) =>
    key in parsed ? unknownFields(value, parsed[key], `${path}.${key}`) : [`${path}.${key} is not a field`],
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
