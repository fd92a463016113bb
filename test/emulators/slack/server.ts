import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { type Actions, createActions } from './actions.ts';
import { createBlockChecker } from './check-blocks.ts';
import { createHttpDelivery, createSocketDelivery, type Delivery, type Sockets } from './delivery.ts';
import { createFaults, type Faults } from './faults.ts';
import { readManifest } from './manifest.ts';
import type { MethodContext } from './method.ts';
import { createResponses } from './responses.ts';
import { APP_TOKEN, BOT_TOKEN, createWebApi, type WebApi } from './web-api.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

export interface SlackEmulator {
  /** For `slackApiUrl`. */
  readonly apiUrl: string;
  readonly url: string;
  readonly workspace: Workspace;
  readonly faults: Faults;
  readonly calls: WebApi['log'];
  readonly sockets: Pick<Sockets, 'drop' | 'refresh' | 'open'>;
  /** What people do. */
  readonly actions: Actions;
  close(): Promise<void>;
}

export interface SlackEmulatorOptions {
  /** Delivery by HTTP to this address instead of by socket. */
  readonly deliverTo?: () => string;
  readonly port?: number;
}

export const SIGNING_SECRET = 'emulated-signing-secret-0000000000';

/** A Slack of one workspace on this machine, with Easel's app installed as its manifest says. */
export async function startSlack(options: SlackEmulatorOptions = {}): Promise<SlackEmulator> {
  const manifest = readManifest();
  const workspace = createWorkspace();
  const faults = createFaults();
  const sockets = createSocketDelivery(faults);
  const delivery: Delivery =
    options.deliverTo === undefined ? sockets : createHttpDelivery(faults, options.deliverTo, SIGNING_SECRET);
  const tickets = new Set<string>();
  const appErrors: unknown[] = [];
  let url = '';
  const checkBlocks = createBlockChecker(workspace, faults);
  const responses = createResponses({ workspace, checkBlocks, url: () => url });
  const actions = createActions({ workspace, delivery, manifest, responses, url: () => url });

  const context = (): MethodContext => ({
    ...{ workspace, faults, checkBlocks, url },
    useTrigger: actions.useTrigger,
    socketUrl: () => {
      const ticket = workspace.nextId('ticket-');
      tickets.add(ticket);
      return `${url.replace('http', 'ws')}/link/?ticket=${ticket}&app_id=AEASEL`;
    },
    scopes: manifest.oauth_config.scopes.bot.filter((scope) => !faults.withheldScopes.has(scope)),
  });
  const api = createWebApi(context);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', url);
    const body = await readAll(request);
    const [, room, rest = ''] = /^\/([\w-]+)\/(.*)$/.exec(pathname) ?? [];
    switch (room) {
      case 'api':
        return callApi(rest, request, body, response);
      case 'upload':
        return end(response, receive(rest.replace('v1/', ''), body) ? 200 : 400);
      case 'files-pri':
        return handOut(rest.split('/')[0] ?? '', request, response);
      case 'response':
        return end(response, responses.take(rest, body.toString()) ? 200 : 404);
      default:
        return end(response, 404);
    }
  }

  async function callApi(method: string, request: IncomingMessage, body: Buffer, response: ServerResponse) {
    const values = Object.fromEntries(new URLSearchParams(body.toString()));
    const { token: bodyToken, ...args } = values;
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? bodyToken;
    const answer = api.call({ method, token, args });
    if (answer.isLost === true) return void request.socket.destroy();
    if (answer.delayMs !== undefined) await sleep(answer.delayMs);
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.body));
  }

  function receive(fileId: string, data: Buffer): boolean {
    const file = workspace.files.get(fileId);
    if (file === undefined || file.data !== undefined || file.byteLength !== data.length) return false;
    file.data = data;
    return true;
  }

  /** Who has no token gets a page to sign in, as from Slack. */
  function handOut(fileId: string, request: IncomingMessage, response: ServerResponse): void {
    const file = workspace.files.get(fileId);
    if (file?.data === undefined) {
      end(response, 404);
      return;
    }
    const mayRead = request.headers.authorization === `Bearer ${BOT_TOKEN}`;
    response.writeHead(200, { 'content-type': mayRead ? file.mimetype : 'text/html' });
    response.end(mayRead ? file.data : '<!DOCTYPE html><title>Sign in</title>');
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      appErrors.push(error);
      response.writeHead(500).end(String(error));
    });
  });
  const socketServer = new WebSocketServer({ server, path: '/link/' });
  socketServer.on('connection', (socket, request) => {
    const ticket = new URL(request.url ?? '/', url).searchParams.get('ticket') ?? '';
    if (tickets.delete(ticket)) sockets.add(socket);
    else socket.close(4001, 'unknown ticket');
  });
  url = await listen(server, options.port ?? 0);

  return {
    url,
    apiUrl: `${url}/api/`,
    workspace,
    faults,
    calls: api.log,
    sockets,
    actions,
    close: async () => {
      sockets.drop();
      socketServer.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (appErrors.length > 0) throw new AggregateError(appErrors, 'the emulator itself failed');
    },
  };
}

export { APP_TOKEN, BOT_TOKEN };

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end(status === 200 ? 'OK' : 'no');
}

function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
