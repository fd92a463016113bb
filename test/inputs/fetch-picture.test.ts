import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchPicture } from '../../src/inputs/fetch-picture.ts';
import { isPublicAddress } from '../../src/inputs/public-address.ts';

const LIMITS = { maxBytes: 1000, timeoutMs: 5000 };

describe('a picture at an address', () => {
  let server: Server;
  let base: string;
  const here = () => ({ ...LIMITS, trustedHost: new URL(base).host });
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url ?? '/';
      if (path === '/picture') return response.end(Buffer.from('bytes'));
      if (path === '/huge') return response.end(Buffer.alloc(2000));
      if (path === '/gone') return response.writeHead(404).end();
      if (path === '/loop') return response.writeHead(302, { location: '/loop' }).end();
      if (path === '/once') return response.writeHead(301, { location: '/picture' }).end();
      if (path === '/file') return response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      if (path === '/inside') return response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
      if (path === '/cut') {
        response.writeHead(200, { 'content-length': '100' }).write('half');
        setTimeout(() => response.destroy(), 20);
        return undefined;
      }
      // '/silent': never answers.
      return undefined;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('is fetched, also through a redirect', async () => {
    for (const path of ['/picture', '/once']) {
      expect(Buffer.from(await fetchPicture(base + path, here())).toString()).toBe('bytes');
    }
  });

  it.each([
    ['/huge', 'larger than'],
    ['/gone', 'it answered 404'],
    ['/loop', 'sends from one address to the next'],
    ['/file', 'must be an address such as https://'],
    ['/cut', 'it stopped in the middle'],
  ])('is refused with a sentence at %s', async (path, sentence) => {
    await expect(fetchPicture(base + path, here())).rejects.toMatchObject({
      userMessage: expect.stringContaining(sentence),
    });
  });

  it('is given up when its server is silent', async () => {
    await expect(fetchPicture(`${base}/silent`, { ...here(), timeoutMs: 100 })).rejects.toMatchObject({
      code: 'not_fetched',
    });
  });

  it.each([
    'http://127.0.0.1:1/x',
    'http://localhost:1/x',
    'http://[::1]:1/x',
    'http://[::ffff:10.0.0.1]/x',
    'http://10.1.2.3/x',
    'http://192.168.0.1/x',
    'http://172.16.0.1/x',
    'http://169.254.169.254/latest/meta-data',
    'http://0.0.0.0/x',
    'http://2130706433/x',
    'http://0x7f000001/x',
    'http://[fd00::1]/x',
    'http://[fe80::1]/x',
    'http://[64:ff9b::7f00:1]/x',
  ])('is not fetched from %s, which is not on the public internet', async (address) => {
    await expect(fetchPicture(address, LIMITS)).rejects.toMatchObject({ code: 'private_address' });
  });

  it('is not fetched from a private network to which another server sends', async () => {
    await expect(fetchPicture(`${base}/inside`, here())).rejects.toMatchObject({
      userMessage:
        '169.254.169.254 is not on the public internet, so Easel does not fetch from it; attach the picture instead.',
    });
  });

  it.each(['', 'picture.png', 'ftp://example.com/x', 'https://user:secret@example.com/x', 'data:image/png;base64,AA'])(
    'must be a web address, not %j',
    async (address) => {
      await expect(fetchPicture(address, LIMITS)).rejects.toMatchObject({ code: 'bad_url' });
    },
  );

  it('may be on the public internet', () => {
    for (const address of ['1.1.1.1', '8.8.8.8', '2606:4700:4700::1111']) expect(isPublicAddress(address)).toBe(true);
  });
});
