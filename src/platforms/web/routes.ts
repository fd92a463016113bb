import { randomUUID } from 'node:crypto';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import type { Logger } from 'pino';
import type { MessageActionDescription } from '../../core/command.ts';
import { diskErrorOf } from '../../lib/disk-errors.ts';
import { type ActionRoutesParts, createActionRoutes, messageIdOf, readJson } from './action-routes.ts';
import { apiError } from './api-error.ts';
import { tokenHolder } from './auth.ts';
import type { ChangeFeed } from './change-feed.ts';
import type { ChannelState } from './channel-state.ts';
import { followEvents } from './event-stream.ts';
import type { PageFile } from './page-files.ts';
import type { PictureFiles } from './picture-files.ts';
import { requestGuard, UPLOAD_PATH } from './request-guard.ts';
import { MAX_BODY_BYTES, MAX_LINE_LENGTH, MAX_NAME_LENGTH, PageQuery, PersonBody, parse } from './schemas.ts';
import { MAX_UPLOAD_BYTES } from './uploads.ts';
import type { ChannelInfo } from './wire.ts';

export interface RouteParts extends ActionRoutesParts {
  readonly title: string;
  readonly messageActions: readonly MessageActionDescription[];
  readonly allowedHosts: readonly string[];
  readonly state: ChannelState;
  readonly files: PictureFiles;
  readonly feed: ChangeFeed;
  readonly pageFiles: ReadonlyMap<string, PageFile>;
  readonly log: Logger;
}

/** Every route of the channel; `api.md` describes them. */
export function createRoutes(parts: RouteParts): Hono {
  const app = new Hono();
  app.use(requestGuard(parts.allowedHosts));
  const limitText = limitBody(MAX_BODY_BYTES, `A request can have at most ${MAX_BODY_BYTES / 1024} KiB.`);
  const limitUpload = limitBody(MAX_UPLOAD_BYTES, `A picture can have at most ${MAX_UPLOAD_BYTES / 1024 / 1024} MiB.`);
  app.use((c, next) => (c.req.path === UPLOAD_PATH ? limitUpload(c, next) : limitText(c, next)));
  app.route('/api', createActionRoutes(parts));
  app.route('/api', createReading(parts));
  app.get('/', (c) => servePage(c, parts.pageFiles.get('index.html')));
  app.get('/:file', (c) => servePage(c, parts.pageFiles.get(c.req.param('file'))));
  app.notFound((c) => c.json({ error: { code: 'not_found', message: 'There is nothing at this address.' } }, 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    const trouble = diskErrorOf(error, 'refused');
    if (trouble !== undefined) {
      parts.log.warn({ err: error, path: c.req.path }, 'user data could not be written to disk');
      return c.json({ error: { code: trouble.code, message: trouble.userMessage } }, 503);
    }
    const reference = randomUUID().slice(0, 8);
    parts.log.error({ err: error, reference, path: c.req.path }, 'web request failed');
    const message = `An unexpected error occurred; please try again. Reference ${reference}.`;
    return c.json({ error: { code: 'internal', message } }, 500);
  });
  return app;
}

function limitBody(maxSize: number, sentence: string): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw apiError(413, 'too_large', sentence);
    },
  });
}

/** People, messages, events and pictures. */
function createReading({ title, commands, messageActions, state, files, feed, tokens }: RouteParts): Hono {
  const api = new Hono();
  api.get('/channel', (c) => {
    const limits = { lineLength: MAX_LINE_LENGTH, nameLength: MAX_NAME_LENGTH };
    return c.json<ChannelInfo>({ title, commands, messageActions, limits });
  });
  api.post('/people', async (c) => {
    const { name } = parse(PersonBody, await readJson(c));
    return c.json(tokens.issue(name, tokenHolder(c, tokens)));
  });
  api.get('/messages', (c) => {
    const { before, limit } = parse(PageQuery, c.req.query());
    return c.json(state.page({ limit, ...(before === undefined ? {} : { before }) }));
  });
  api.get('/messages/:id', (c) => {
    const message = state.get(messageIdOf(c));
    if (message.kind === 'deleted') throw apiError(404, 'no_message', 'There is no such message.');
    return c.json(message);
  });
  api.get('/events', (c) => followEvents(c, { feed, state }));
  api.get('/pictures/:file', async (c) => {
    const picture = await files.read(c.req.param('file'));
    if (picture === undefined) throw apiError(404, 'no_picture', 'There is no such picture.');
    c.header('Content-Type', picture.mediaType);
    c.header('Cache-Control', 'private, max-age=31536000, immutable');
    return c.body(new Uint8Array(picture.data));
  });
  return api;
}

function servePage(c: Context, file: PageFile | undefined): Response | Promise<Response> {
  if (file === undefined) return c.notFound();
  c.header('ETag', file.etag);
  c.header('Cache-Control', 'no-cache');
  if (c.req.header('if-none-match') === file.etag) return c.body(null, 304);
  c.header('Content-Type', file.mediaType);
  return c.body(file.data);
}
