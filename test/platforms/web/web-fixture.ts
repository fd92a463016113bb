import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createWebPort } from '../../../src/platforms/web/index.ts';
import type { MessagePage, PostedMessage, PostResult, WireReply } from '../../../src/platforms/web/wire.ts';
import { createFakeHandlers, type FakeHandlers } from './fake-handlers.ts';
import { TEST_ACTIONS, TEST_COMMANDS } from './test-commands.ts';

export type WebPort = ReturnType<typeof createWebPort>;

export interface WebFixture {
  readonly port: WebPort;
  readonly double: FakeHandlers;
  readonly dataFolder: string;
  readonly client: Client;
  stop(): Promise<void>;
}

/** @param port 0 takes any free one */
export function openWebPort(dataFolder: string, port = 0): WebPort {
  return createWebPort({
    host: '127.0.0.1',
    port,
    dataFolder,
    log: pino({ level: 'silent' }),
    commands: TEST_COMMANDS,
    messageActions: TEST_ACTIONS,
    permissions: { isModerator: false, isAgeRestricted: false },
    title: 'Studio',
  });
}

/** The web channel on a free port before the dispatch double. */
export async function startWeb(): Promise<WebFixture> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'easel-web-'));
  const port = openWebPort(dataFolder);
  const fake = createFakeHandlers(() => port);
  await port.start(fake);
  return {
    port,
    double: fake,
    dataFolder,
    client: createClient(port.url),
    async stop() {
      await fake.settled();
      await port.stop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

export interface Client {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  say(line: string, more?: Record<string, unknown>): Promise<PostResult>;
  messages(): Promise<readonly PostedMessage[]>;
  replies(): Promise<readonly (PostedMessage & { readonly reply: WireReply })[]>;
}

/** What a script does: see `api.md`. */
export function createClient(url: string): Client {
  const get: Client['get'] = (path, headers = {}) => fetch(url + path, { headers });
  const post: Client['post'] = (path, body, headers = {}) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  async function messages(): Promise<readonly PostedMessage[]> {
    const page = (await (await get('/api/messages')).json()) as MessagePage;
    return page.messages;
  }
  return {
    get,
    post,
    messages,
    async say(line, more = {}) {
      return (await (await post('/api/messages', { name: 'Ada', line, ...more })).json()) as PostResult;
    },
    async replies() {
      return (await messages()).flatMap((message) => (message.kind === 'reply' ? message : []));
    },
  };
}

/** The sentence of a refusal, with its status. */
export async function refusal(response: Response): Promise<readonly [status: number, sentence: string]> {
  const { error } = (await response.json()) as { error: { message: string } };
  return [response.status, error.message];
}
