import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWebPort, startWeb, type WebFixture } from './web-fixture.ts';

let web: WebFixture;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web.stop());

interface Asked {
  readonly base?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `fetch` does not let a caller choose Host. */
function ask({ base = web.port.url, method = 'POST', path = '/api/messages', headers = {}, body = '{}' }: Asked) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
    const sent = httpRequest(base + path, {
      agent: false,
      method,
      headers: { 'content-type': 'application/json', ...headers },
    });
    sent.on('response', (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    sent.on('error', reject);
    sent.end(method === 'GET' || method === 'HEAD' ? undefined : body);
  });
}

/** The head of what the server answers to bytes that are no request. */
function send(bytes: string): Promise<string> {
  const { hostname, port } = new URL(web.port.url);
  return new Promise((resolve, reject) => {
    let head = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      head += String(chunk);
    });
    socket.on('close', () => resolve(head)).on('error', reject);
  });
}

const EXPECTED: Readonly<Record<string, unknown>> = {
  'content-security-policy': expect.stringContaining("default-src 'none'"),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

describe('every answer carries the security headers', () => {
  it.each<readonly [what: string, status: number, asked: Asked]>([
    ['the page', 200, { method: 'GET', path: '/' }],
    ['the head of the page', 200, { method: 'HEAD', path: '/' }],
    ['an answer of the API', 200, { method: 'GET', path: '/api/messages' }],
    ['a body that is not what is asked for', 400, {}],
    ['a body that is no JSON', 400, { body: '{' }],
    ['a wrong token', 401, { headers: { authorization: 'Bearer wrong' }, body: '{"line":"/help"}' }],
    ['a request from elsewhere', 403, { headers: { origin: 'https://evil.example' } }],
    ['nothing there', 404, { method: 'GET', path: '/nothing/here' }],
    ['no such message', 404, { method: 'GET', path: '/api/messages/404' }],
    ['no such picture', 404, { method: 'GET', path: '/api/pictures/x.png' }],
    [
      'an upload that is gone',
      410,
      { body: '{"name":"Ada","line":"/help","attachments":["0123456789abcdef01234567"]}' },
    ],
    ['too long a body', 413, { body: 'x'.repeat(1_000_000) }],
    ['another type', 415, { headers: { 'content-type': 'text/plain' } }],
    ['an upload of another type', 415, { path: '/api/uploads', headers: { 'content-type': 'image/svg+xml' } }],
    ['another host', 421, { headers: { host: 'evil.example' } }],
    ['no host', 400, { headers: { host: 'a b' } }],
  ])('%s (%d)', async (_what, status, asked) => {
    const answer = await ask(asked);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(EXPECTED);
  });

  it('trouble inside (500)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'easel-headers-'));
    const port = openWebPort(folder);
    const complete = () => Promise.reject(new Error('a bug'));
    await port.start({ dispatch: web.double.dispatch, complete });
    const body = '{"name":"Ada","command":"imagine","option":"style","typed":"a"}';
    const answer = await ask({ base: port.url, path: '/api/completions', body });
    await port.stop();
    await rm(folder, { recursive: true });
    expect(answer.status).toBe(500);
    expect(answer.headers).toMatchObject(EXPECTED);
  });

  it.each([
    ['HTTP/1.1 400 Bad Request', 'nonsense\r\n\r\n'],
    ['HTTP/1.1 431 Request Header Fields Too Large', `GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`],
  ])('what is no request: %s', async (first, bytes) => {
    const [status, ...lines] = (await send(bytes)).split('\r\n');
    expect(status).toBe(first);
    expect(lines.map((line) => line.split(':')[0]?.toLowerCase())).toEqual(
      expect.arrayContaining(Object.keys(EXPECTED)),
    );
  });
});
