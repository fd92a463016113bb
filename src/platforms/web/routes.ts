import { randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import type { Logger } from 'pino';
import type { CommandDescription } from '../../core/command.ts';
import { followEvents } from './event-stream.ts';
import type { Feed } from './feed.ts';
import { guard } from './guard.ts';
import { type Inbound, writeLine } from './inbound.ts';
import type { PageFile } from './page-files.ts';
import { guest, type People } from './people.ts';
import type { PictureFiles } from './picture-files.ts';
import { refuse } from './refusal.ts';
import type { Room } from './room.ts';
import {
  MAX_BODY_BYTES,
  MAX_LINE_LENGTH,
  MAX_NAME_LENGTH,
  MessageId,
  PageQuery,
  PersonBody,
  PostBody,
  PressBody,
  parse,
} from './schemas.ts';
import type { ChannelInfo, WirePerson } from './wire.ts';

export interface RouteParts {
  readonly title: string;
  readonly commands: readonly CommandDescription[];
  readonly allowedHosts: readonly string[];
  readonly room: Room;
  readonly files: PictureFiles;
  readonly feed: Feed;
  readonly people: People;
  readonly inbound: Inbound;
  readonly pageFiles: ReadonlyMap<string, PageFile>;
  readonly log: Logger;
}

async function readJson(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (error) {
    if (error instanceof HTTPException) throw error;
    throw refuse(400, 'bad_json', 'The body is not valid JSON.');
  }
}

/** Every route of the channel; `api.md` describes them. */
export function createRoutes(parts: RouteParts): Hono {
  const app = new Hono();
  app.use(guard(parts.allowedHosts));
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw refuse(413, 'too_large', `A request has at most ${MAX_BODY_BYTES / 1024} KiB.`);
      },
    }),
  );
  app.route('/api', createApi(parts));
  app.get('/', (c) => servePage(c, parts.pageFiles.get('index.html')));
  app.get('/:file', (c) => servePage(c, parts.pageFiles.get(c.req.param('file'))));
  app.notFound((c) => c.json({ error: { code: 'not_found', message: 'There is nothing here.' } }, 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    const reference = randomUUID().slice(0, 8);
    parts.log.error({ err: error, reference, path: c.req.path }, 'web request failed');
    const message = `Something went wrong here; please try again. Reference ${reference}.`;
    return c.json({ error: { code: 'internal', message } }, 500);
  });
  return app;
}

function createApi({ title, commands, room, files, feed, people, inbound }: RouteParts): Hono {
  const api = new Hono();
  const messageIdOf = (c: Context) => {
    const id = MessageId.safeParse(c.req.param('id'));
    if (!id.success) throw refuse(404, 'no_message', 'There is no such message.');
    return id.data;
  };

  api.get('/channel', (c) => {
    const limits = { lineLength: MAX_LINE_LENGTH, nameLength: MAX_NAME_LENGTH };
    return c.json<ChannelInfo>({ title, commands, limits });
  });
  api.post('/people', async (c) => {
    const { name } = parse(PersonBody, await readJson(c));
    return c.json(people.issue(name, tokenHolder(c, people)));
  });
  api.get('/messages', (c) => {
    const { before, limit } = parse(PageQuery, c.req.query());
    return c.json(room.page({ limit, ...(before === undefined ? {} : { before }) }));
  });
  api.get('/messages/:id', (c) => {
    const message = room.get(messageIdOf(c));
    if (message.kind === 'deleted') throw refuse(404, 'no_message', 'There is no such message.');
    return c.json(message);
  });
  api.post('/messages', async (c) => {
    const body = parse(PostBody, await readJson(c));
    const person = speaker(c, people, body.name);
    const requestId = body.requestId ?? randomUUID();
    if ('line' in body) return c.json(await inbound.command(person, { requestId, line: body.line, options: {} }));
    const command = commands.find((one) => one.name === body.command);
    if (command === undefined) throw refuse(404, 'no_command', `There is no command ${body.command}.`);
    const line = writeLine(command, body.options);
    return c.json(await inbound.command(person, { requestId, line, options: body.options }));
  });
  api.post('/messages/:id/buttons', async (c) => {
    const body = parse(PressBody, await readJson(c));
    const person = speaker(c, people, body.name);
    const requestId = body.requestId ?? randomUUID();
    return c.json(await inbound.press(person, { requestId, messageId: messageIdOf(c), buttonId: body.button }));
  });
  api.get('/events', (c) => followEvents(c, { feed, room }));
  api.get('/pictures/:file', async (c) => {
    const picture = await files.read(c.req.param('file'));
    if (picture === undefined) throw refuse(404, 'no_picture', 'There is no such picture.');
    c.header('Content-Type', picture.mediaType);
    c.header('Cache-Control', 'private, max-age=31536000, immutable');
    return c.body(new Uint8Array(picture.data));
  });
  return api;
}

function tokenHolder(c: Context, people: People): WirePerson | undefined {
  const header = c.req.header('authorization');
  if (header === undefined) return undefined;
  const person = header.startsWith('Bearer ') ? people.verify(header.slice('Bearer '.length)) : undefined;
  if (person === undefined) throw refuse(401, 'bad_token', 'This token is not known here; ask for a new one.');
  return person;
}

function speaker(c: Context, people: People, name: string | undefined): WirePerson {
  const holder = tokenHolder(c, people);
  if (holder !== undefined) return holder;
  if (name === undefined) throw refuse(401, 'no_name', 'Say who you are: send a token, or a name in the body.');
  return guest(name);
}

function servePage(c: Context, file: PageFile | undefined): Response | Promise<Response> {
  if (file === undefined) return c.notFound();
  c.header('ETag', file.etag);
  c.header('Cache-Control', 'no-cache');
  if (c.req.header('if-none-match') === file.etag) return c.body(null, 304);
  c.header('Content-Type', file.mediaType);
  return c.body(file.data);
}
