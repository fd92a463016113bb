import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { DiscordError, refuse } from '../discord-error.ts';
import type { State } from '../state.ts';
import { applicationRoutes } from './application-routes.ts';
import { parseBody, readBytes } from './body.ts';
import { channelRoutes } from './channel-routes.ts';
import { createFaults, type Fault, type Faults } from './faults.ts';
import { interactionRoutes } from './interaction-routes.ts';
import { createRateLimits, type RateLimits, type Verdict } from './rate-limits.ts';
import { type Answer, NO_CONTENT, ok, type Route } from './request.ts';

/** One request and what it was answered with. */
export interface LoggedRequest {
  readonly method: string;
  /** Without `/api/v10`. */
  readonly path: string;
  readonly status: number;
  readonly at: number;
  /** Why it was refused. */
  readonly refusal: string | undefined;
}

export interface RestServer {
  readonly server: Server;
  readonly requests: readonly LoggedRequest[];
  readonly faults: Faults;
  readonly limits: RateLimits;
}

const PREFIX = '/api/v10';
const LOST = new Error('the connection breaks');

export interface RestOptions {
  readonly state: State;
  readonly gatewayInfo: () => object;
  /** False sends no limits and refuses nothing for being too much. */
  readonly hasLimits: boolean;
}

/** REST v10, as far as a bot of Easel's kind needs it: strict about what it takes. */
export function createRestServer({ state, gatewayInfo, hasLimits }: RestOptions): RestServer {
  const requests: LoggedRequest[] = [];
  const faults = createFaults();
  const limits = createRateLimits(state.clock);
  const gateway: Route = {
    ...{ method: 'GET', template: '/gateway/bot', auth: 'bot', major: [], isGlobal: true },
    ...{ limit: { requests: 10, windowMs: 1000 }, run: () => ok(gatewayInfo()) },
  };
  const routes = [gateway, ...applicationRoutes, ...channelRoutes, ...interactionRoutes].map(compile);

  function find(method: string, path: string) {
    const fitting = routes.flatMap(({ route, pattern }) => {
      const groups = pattern.exec(path)?.groups;
      return groups === undefined && !pattern.test(path) ? [] : [{ route, path: groups ?? {} }];
    });
    const found = fitting.find(({ route }) => route.method === method);
    if (found === undefined) throw fitting.length > 0 ? refuse.methodNotAllowed() : refuse.notFound();
    return found;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://discord.test');
    const method = request.method ?? 'GET';
    if (method === 'GET' && url.pathname.startsWith('/attachments/')) {
      const slow = faults.take(method, url.pathname);
      if (slow?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, slow.ms));
      return sendAttachment(url.pathname, response);
    }
    const path = url.pathname.startsWith(PREFIX) ? url.pathname.slice(PREFIX.length) : '';
    const bytes = await readBytes(request);
    const fault = faults.take(method, path);
    if (fault?.kind === 'drop') {
      note(method, path, 0, 'dropped');
      response.destroy();
      return;
    }
    if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    try {
      const { route, path: parts } = find(method, path);
      if (route.auth === 'bot' && request.headers.authorization !== `Bot ${state.bot.token}`)
        throw refuse.unauthorized();
      const verdict = hasLimits ? takeFrom(route, parts) : undefined;
      if (verdict?.isLimited === true) return sendLimited(method, path, verdict, response);
      if (fault?.kind === 'status') return sendFault(method, path, fault, response);
      const body = await parseBody(bytes, request.headers['content-type']);
      const answer = route.run({ ...body, state, path: parts, query: url.searchParams });
      if (fault?.kind === 'lose_answer') throw LOST;
      note(method, path, answer.status);
      send(response, answer, verdict?.headers);
    } catch (error) {
      if (error === LOST) {
        note(method, path, 0, 'the answer was lost');
        response.destroy();
        return;
      }
      if (!(error instanceof DiscordError)) throw error;
      note(method, path, error.status, `${error.code} ${error.message}`);
      send(response, { status: error.status, json: error.body });
    }
  }

  function note(method: string, path: string, status: number, refusal?: string): void {
    requests.push({ method, path, status, at: state.clock.now(), refusal });
  }

  function takeFrom(
    { method, template, major, limit, isGlobal }: Route,
    parts: Readonly<Record<string, string>>,
  ): Verdict {
    const own = major.map((name) => parts[name] ?? '').join('/');
    return limits.take(`${method} ${template.replaceAll(':', '')}:${own}`, limit, isGlobal);
  }

  function sendLimited(method: string, path: string, verdict: Verdict, response: ServerResponse): void {
    note(method, path, 429, 'rate limited');
    const { isGlobal, retryAfterMs, headers } = verdict;
    const json = { message: 'You are being rate limited.', retry_after: retryAfterMs / 1000, global: isGlobal };
    send(response, { status: 429, json }, headers);
  }

  function sendFault(
    method: string,
    path: string,
    fault: Extract<Fault, { kind: 'status' }>,
    response: ServerResponse,
  ) {
    const { status, code = 0, message = `${status}` } = fault;
    note(method, path, status, 'a planned fault');
    send(response, { status, json: { code, message } });
  }

  function sendAttachment(path: string, response: ServerResponse): void {
    const id = path.split('/')[2];
    const all = [...state.world.channels.values()].flatMap((channel) => state.messages.in(channel));
    const attachment = all.flatMap(({ attachments }) => attachments).find((one) => one.id === id);
    if (attachment === undefined) send(response, { status: 404 });
    else response.writeHead(200, { 'content-type': attachment.contentType }).end(attachment.data);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      note(request.method ?? '', request.url ?? '', 500, String(error));
      send(response, { status: 500, json: { code: 0, message: String(error) } });
    });
  });
  return { server, requests, faults, limits };
}

function compile(route: Route) {
  const pattern = route.template.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
  return { route, pattern: new RegExp(`^${pattern}$`) };
}

function send(
  response: ServerResponse,
  { status, json }: Answer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (json === undefined || status === NO_CONTENT.status) {
    response.writeHead(status, headers).end();
    return;
  }
  response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(json));
}
