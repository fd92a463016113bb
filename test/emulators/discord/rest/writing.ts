import { refuse } from '../discord-error.ts';
import type { MessageContent, StoredAttachment, StoredMessage } from '../messages.ts';
import type { State } from '../state.ts';
import type { Channel, Person } from '../world.ts';
import type { RequestBody, UploadedFile } from './body.ts';
import { type AllowedMentions, checkMessageRules, type MessageFields, rowsOf } from './message-rules.ts';
import { checkSchema, type SchemaName } from './schema.ts';

const MEBIBYTE = 1024 * 1024;
/** Bytes of one file, by what the server has been boosted to. */
const UPLOAD_LIMITS = [10 * MEBIBYTE, 10 * MEBIBYTE, 50 * MEBIBYTE, 100 * MEBIBYTE];

/** Bytes of one file in a channel: by the server, or by what the person who is answered may upload. */
export function uploadLimit(channel: Channel, person?: Person): number {
  const tier = 'server' in channel ? channel.server.premiumTier : 0;
  return Math.max(UPLOAD_LIMITS[tier] ?? 0, person?.uploadBytes ?? 0);
}

/** The message that a request describes, held to schema and rules. @throws DiscordError */
export function readMessage(schema: SchemaName, json: unknown): MessageFields {
  checkSchema(schema, json);
  const fields = json as MessageFields;
  checkMessageRules(fields);
  return fields;
}

/** A new message's face. @param maxBytes of one file @throws DiscordError 50006 when there is nothing to see, 40005 */
export function newContent(fields: MessageFields, body: RequestBody, maxBytes: number, state: State): MessageContent {
  const face: MessageContent = {
    content: fields.content ?? '',
    attachments: readAttachments(fields, body, [], maxBytes, state),
    rows: rowsOf(fields),
  };
  return notEmpty(face);
}

/** What an edit makes of a message: what it does not name stays. @param maxBytes of one file @throws as `newContent` */
export function editedContent(
  fields: MessageFields,
  body: RequestBody,
  message: StoredMessage,
  maxBytes: number,
  state: State,
): MessageContent {
  const { content, components } = fields;
  const face: MessageContent = {
    content: content === undefined ? message.content : (content ?? ''),
    attachments: readAttachments(fields, body, message.attachments, maxBytes, state),
    rows: components === undefined ? message.rows : rowsOf(fields),
  };
  return notEmpty(face);
}

function notEmpty(face: MessageContent): MessageContent {
  // A zero-width space counts as something, as it does there.
  if (face.content === '' && face.attachments.length === 0 && face.rows.length === 0) throw refuse.emptyMessage();
  return face;
}

function readAttachments(
  { attachments }: MessageFields,
  { files }: RequestBody,
  existing: readonly StoredAttachment[],
  maxBytes: number,
  state: State,
): readonly StoredAttachment[] {
  for (const { data } of files.values()) if (data.length > maxBytes) throw refuse.requestTooLarge();
  const named = attachments ?? undefined;
  const kept = named === undefined ? existing : existing.filter(({ id }) => named.some((entry) => entry.id === id));
  const fresh = [...files].map(([key, file]) => {
    const entry = named?.find(({ id }) => id === key);
    if (named !== undefined && entry === undefined)
      throw refuse.invalidBody([`attachments: files[${key}] is not named`]);
    return store(file, entry?.filename ?? file.filename, entry?.description, state);
  });
  const lost = (named ?? []).filter(({ id }) => !files.has(id) && !existing.some((old) => old.id === id));
  if (lost.length > 0)
    throw refuse.invalidBody([`attachments: there is no file ${lost.map(({ id }) => id).join(', ')}`]);
  return [...kept, ...fresh];
}

function store(
  file: UploadedFile,
  filename: string,
  description: string | undefined,
  { nextId }: State,
): StoredAttachment {
  // Discord names files by these characters only.
  const safeName = filename.replace(/[^\w.-]/g, '_');
  return { id: nextId(), filename: safeName, contentType: file.contentType, description, data: file.data };
}

/** Whom a message notifies: who is mentioned in it and allowed to be. */
export function pingsOf(content: string, allowed: AllowedMentions | null | undefined, state: State): string[] {
  const users = [...content.matchAll(/<@!?(\d+)>/g)].flatMap(([, id]) => id ?? []);
  const roles = [...content.matchAll(/<@&(\d+)>/g)].flatMap(([, id]) => id ?? []);
  const everyone = /@(everyone|here)/.test(content) ? ['everyone'] : [];
  const may = (kind: string, id: string, list: readonly string[] | null | undefined) =>
    allowed === undefined || allowed === null || (allowed.parse ?? []).includes(kind) || (list ?? []).includes(id);
  return [
    ...users.filter((id) => state.world.people.has(id) && may('users', id, allowed?.users)),
    ...roles.filter((id) => state.world.roles.has(id) && may('roles', id, allowed?.roles)),
    ...everyone.filter((id) => may('everyone', id, [])),
  ];
}
