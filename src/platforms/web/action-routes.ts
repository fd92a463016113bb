import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ChannelRef } from '../../core/channel.ts';
import type { CommandDescription } from '../../core/command.ts';
import type { Complete } from '../port.ts';
import { apiError } from './api-error.ts';
import { requirePerson } from './auth.ts';
import { writeLine } from './command-line.ts';
import type { Inbound } from './inbound.ts';
import { UPLOAD_PATH } from './request-guard.ts';
import {
  CompleteBody,
  FormBody,
  MessageActionBody,
  MessageId,
  PostBody,
  PressBody,
  parse,
  SenderQuery,
  ShortcutBody,
} from './schemas.ts';
import type { PersonTokens } from './tokens.ts';
import type { Uploads } from './uploads.ts';

export interface ActionRoutesParts {
  readonly channel: ChannelRef;
  readonly commands: readonly CommandDescription[];
  readonly tokens: PersonTokens;
  readonly inbound: Inbound;
  readonly uploads: Uploads;
  readonly complete: Complete;
}

/** The routes by which people ask for something; every one answers with a `PostResult`, but uploads and completion. */
export function createActionRoutes({ channel, commands, tokens, inbound, uploads, complete }: ActionRoutesParts): Hono {
  const api = new Hono();
  const asked = (c: Context, body: { name?: string | undefined; requestId?: string | undefined }) =>
    [requirePerson(c, tokens, body.name), body.requestId ?? randomUUID()] as const;

  api.post('/messages', async (c) => {
    const body = parse(PostBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    const pictures = body.attachments.map((upload) => uploads.get(person, upload));
    if ('line' in body) {
      return c.json(await inbound.command(person, { requestId, line: body.line, options: {}, pictures }));
    }
    const command = commands.find((one) => one.name === body.command);
    if (command === undefined) throw apiError(404, 'no_command', `There is no command ${body.command}.`);
    const line = writeLine(command, body.options);
    return c.json(await inbound.command(person, { requestId, line, options: body.options, pictures }));
  });
  api.post('/messages/:id/buttons', async (c) => {
    const body = parse(PressBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.press(person, { requestId, messageId: messageIdOf(c), buttonId: body.button }));
  });
  api.post('/messages/:id/actions', async (c) => {
    const body = parse(MessageActionBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(
      await inbound.runMessageAction(person, { requestId, messageId: messageIdOf(c), action: body.action }),
    );
  });
  api.post('/buttons', async (c) => {
    const body = parse(PressBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.press(person, { requestId, buttonId: body.button }));
  });
  api.post('/forms', async (c) => {
    const body = parse(FormBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.submitForm(person, { requestId, formId: body.form, values: body.values }));
  });
  api.post('/shortcuts', async (c) => {
    const body = parse(ShortcutBody, await readJson(c));
    const [person, requestId] = asked(c, body);
    return c.json(await inbound.runShortcut(person, { requestId, shortcut: body.shortcut }));
  });
  api.post('/completions', async (c) => {
    const { name, ...typing } = parse(CompleteBody, await readJson(c));
    const person = requirePerson(c, tokens, name);
    return c.json(await complete({ ...typing, user: { platform: 'web', ...person }, channel }));
  });
  api.post(UPLOAD_PATH.replace('/api', ''), async (c) => {
    const person = requirePerson(c, tokens, parse(SenderQuery, c.req.query()).name);
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
    throw apiError(400, 'bad_json', 'The body is not valid JSON.');
  }
}

/** @throws HTTPException when the path names none */
export function messageIdOf(c: Context): string {
  const id = MessageId.safeParse(c.req.param('id'));
  if (!id.success) throw apiError(404, 'no_message', 'There is no such message.');
  return id.data;
}
