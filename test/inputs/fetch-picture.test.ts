import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchPicture } from '../../src/inputs/fetch-picture.ts';
import { isPublicAddress, lookupPublic, PrivateAddressError } from '../../src/inputs/public-address.ts';

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
      if (path.startsWith('/to?'))
        return response.writeHead(302, { location: decodeURIComponent(path.slice(4)) }).end();
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
    ['/gone', 'the server answered with status 404'],
    ['/loop', 'redirects too many times'],
    ['/file', 'must be an address such as https://'],
    ['/cut', 'the download stopped early'],
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
    'http://127.0.0.1./x',
    'http://[::7f00:1]/x',
    'http://[::127.0.0.1]/x',
    'http://[fd00:ec2::254]/x',
    'http://168.63.129.16/x',
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
    for (const address of ['1.1.1.1', '8.8.8.8', '2606:4700:4700::1111', '2a00:1450::1', '2001:200::1', '3ffe::1']) {
      expect(isPublicAddress(address)).toBe(true);
    }
  });

  // IANA's special-purpose registries of IPv4 and IPv6, 2025, and what carries an IPv4 address within IPv6.
  it.each([
    ...['0.1.2.3', '10.0.0.1', '100.64.0.1', '100.100.100.200', '127.9.9.9', '169.254.169.254', '169.254.170.2'],
    ...['172.31.255.255', '192.0.0.1', '192.0.0.192', '192.0.2.1', '192.31.196.1', '192.52.193.1', '192.88.99.1'],
    ...['192.168.1.1', '192.175.48.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1'],
    ...['239.255.255.250', '240.0.0.1', '255.255.255.255', '168.63.129.16'],
    ...['::', '::1', '::ffff:10.0.0.1', '::ffff:0:10.0.0.1', '::10.0.0.1', '::8.8.8.8', '64:ff9b::10.0.0.1'],
    ...['64:ff9b:1::1', '64:ff9b:1:a00::1', '100::1', '100:0:0:1::1', '2001::1', '2001:0:102:304::f5ff:fffe'],
    ...['2001:1::1', '2001:2::1', '2001:3::1', '2001:4:112::1', '2001:10::1', '2001:20::1', '2001:30::1'],
    ...['2001:db8::1', '2002:a00:1::1', '2002:7f00:1::1', '2620:4f:8000::1', '3fff::1', '3fff:fff::1', '5f00::1'],
    ...[
      '4000::1',
      'fc00::1',
      'fd00:ec2::254',
      'fd20:ce::254',
      'fd00:42::42',
      'fe80::1',
      'fec0::1',
      'feff::1',
      'ff02::1',
    ],
    ...['2606:4700::5efe:a00:1', '2606:4700::200:5efe:7f00:1', 'fe80::1%1', '', 'localhost', '1.2.3', '0x7f.1'],
  ])('is not fetched from %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('is not fetched from where a redirect or a name leads, whichever kind of private address that is', async () => {
    for (const inside of ['[::7f00:1]', '[64:ff9b:1::1]', '[fec0::1]', '168.63.129.16']) {
      const path = `/to?${encodeURIComponent(`http://${inside}:1/x`)}`;
      await expect(fetchPicture(base + path, here())).rejects.toMatchObject({ code: 'private_address' });
    }
    const resolved = new Promise((resolve) => lookupPublic('localhost', {}, (error) => resolve(error)));
    expect(await resolved).toBeInstanceOf(PrivateAddressError);
  });
});
