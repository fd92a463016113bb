import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWeb, type WebFixture } from './web-fixture.ts';

let web: WebFixture;
beforeAll(async () => {
  web = await startWeb();
});
afterAll(() => web.stop());

/** `fetch` does not let a caller choose Host and Origin. */
function status(options: { method?: string; headers: Record<string, string>; path?: string }): Promise<number> {
  const { method = 'POST', headers, path = '/api/messages' } = options;
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ name: 'Ada', line: '/help' });
    const request = httpRequest(web.port.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
    });
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end(method === 'GET' ? undefined : body);
  });
}

const own = () => new URL(web.port.url).host;

describe('the guard', () => {
  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'a b'])(
    'refuses the host name %j, also for reading',
    async (host) => {
      expect(await status({ headers: { host } })).toBeGreaterThanOrEqual(400);
      expect(await status({ method: 'GET', headers: { host } })).toBeGreaterThanOrEqual(400);
    },
  );

  it.each(['localhost:3000', '127.0.0.1', '[::1]:3000', '192.168.1.7:3000'])('lets in the host %s', async (host) => {
    expect(await status({ headers: { host } })).toBe(200);
  });

  it.each(['https://evil.example', 'null', 'http://127.0.0.1:1', 'nonsense'])(
    'refuses a post from the origin %s',
    async (origin) => {
      expect(await status({ headers: { origin } })).toBe(403);
    },
  );

  it('lets in a post from the page itself', async () => {
    expect(await status({ headers: { origin: `http://${own()}`, 'sec-fetch-site': 'same-origin' } })).toBe(200);
  });

  it('refuses a cross-site post without an origin', async () => {
    expect(await status({ headers: { 'sec-fetch-site': 'cross-site' } })).toBe(403);
  });

  it('refuses what a plain HTML form can send', async () => {
    expect(await status({ headers: { 'content-type': 'text/plain' } })).toBe(415);
  });

  it('serves the page without any room for foreign scripts', async () => {
    const page = await web.client.get('/');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe');
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
  });

  it.each(['/page-files.ts', '/../index.ts', '/tsconfig.json', '/%2e%2e/index.ts'])(
    'does not serve %s',
    async (path) => {
      expect(await status({ method: 'GET', headers: {}, path })).toBe(404);
    },
  );
});
