import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ChannelRef } from '../../core/channel.ts';
import type { CommandDescription } from '../../core/command.ts';
import type { Complete } from '../port.ts';
import { writeLine } from './command-line.ts';
import { UPLOAD_PATH } from './guard.ts';
import type { Inbound } from './inbound.ts';
import type { People } from './people.ts';
import { refuse } from './refusal.ts';
import {
  ActBody,
  CompleteBody,
  FormBody,
  MessageId,
  PostBody,
  PressBody,
  parse,
  SenderQuery,
  ShortcutBody,
} from './schemas.ts';
import { speaker } from './speaker.ts';
import type { Uploads } from './uploads.ts';

export interface AskingParts {
  readonly channel: ChannelRef;
  readonly commands: readonly CommandDescription[];
  readonly people: People;
  readonly inbound: Inbound;
  readonly uploads: Uploads;
  readonly complete: Complete;
}

/** The routes by which people ask for something; every one answers with a `PostResult`, but uploads and completion. */
export function createAsking({ channel, commands, people, inbound, uploads, complete }: AskingParts): Hono {
  const api = new Hono();
  const asked = (c: Context, body: { name?: string | undefined; requestId?: string | undefined }) =>
    [speaker(c, people, body.name), body.requestId ?? randomUUID()] as const;

  api.post('/messages', async (c) => {
    const body = parse(PostBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    const pictures = body.attachments.map((upload) => uploads.get(person, upload));
    if ('line' in body) {
      return c.json(await inbound.command(person, { requestId, line: body.line, options: {}, pictures }));
    }
    const command = commands.find((one) => one.name === body.command);
    if (command === undefined) throw refuse(404, 'no_command', `There is no command ${body.command}.`);
    const line = writeLine(command, body.options);
    return c.json(await inbound.command(person, { requestId, line, options: body.options, pictures }));
  });
  api.post('/messages/:id/buttons', async (c) => {
    const body = parse(PressBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.press(person, { requestId, messageId: messageIdOf(c), buttonId: body.button }));
  });
  api.post('/messages/:id/actions', async (c) => {
    const body = parse(ActBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.act(person, { requestId, messageId: messageIdOf(c), action: body.action }));
  });
  api.post('/buttons', async (c) => {
    const body = parse(PressBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.press(person, { requestId, buttonId: body.button }));
  });
  api.post('/forms', async (c) => {
    const body = parse(FormBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.fill(person, { requestId, formId: body.form, values: body.values }));
  });
  api.post('/shortcuts', async (c) => {
    const body = parse(ShortcutBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.take(person, { requestId, shortcut: body.shortcut }));
  });
  api.post('/completions', async (c) => {
    const { name, ...typing } = parse(CompleteBody, await readJson(c));
    const person = speaker(c, people, name);
    return c.json(await complete({ ...typing, user: { platform: 'web', ...person }, channel }));
  });
  api.post(UPLOAD_PATH.replace('/api', ''), async (c) => {
    const person = speaker(c, people, parse(SenderQuery, c.req.query()).name);
    return c.json(await uploads.add(person, c.req.raw.body));
  });
  return api;
}

/** @throws HTTPException when the body is not JSON */
export async function readJson(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (error) {
    if (error instanceof HTTPException) throw error;
    throw refuse(400, 'bad_json', 'The body is not valid JSON.');
  }
}

/** @throws HTTPException when the path names none */
export function messageIdOf(c: Context): string {
  const id = MessageId.safeParse(c.req.param('id'));
  if (!id.success) throw refuse(404, 'no_message', 'There is no such message.');
  return id.data;
}
