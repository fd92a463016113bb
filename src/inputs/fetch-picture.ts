import { get as getHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as getHttps } from 'node:https';
import { BadInputError, EaselError } from '../core/errors.ts';
import { readBounded } from '../lib/read-bounded.ts';
import { isPublicAddress, lookupPublic, PrivateAddressError } from './public-address.ts';

export interface FetchOptions {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** `host:port` that may be private, as a test's own server is. */
  readonly trustedHost?: string;
}

const MAX_REDIRECTS = 3;

/**
 * The bytes at a web address that a person gave.
 * @throws BadInputError saying what is wrong with the address; EaselError `not_fetched` when its server fails
 */
export async function fetchPicture(address: string, options: FetchOptions): Promise<Uint8Array> {
  let url = readUrl(address);
  const signal = AbortSignal.timeout(options.timeoutMs);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await open(url, options, signal);
    const target = redirectOf(response, url);
    if (target === undefined) return read(response, url, options);
    response.destroy();
    url = target;
  }
  throw new BadInputError('bad_url', `${url.host} redirects too many times; give the direct address of the picture.`);
}

/** @throws BadInputError unless it is an http or https address without credentials */
function readUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '') {
    return url;
  }
  throw new BadInputError('bad_url', 'The picture must be an address such as https://example.com/picture.png.');
}

async function open(url: URL, { trustedHost }: FetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const isTrusted = url.host === trustedHost;
  // A literal address is connected to without being looked up.
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (!isTrusted && /^[\d.]+$|:/.test(literal) && !isPublicAddress(literal)) throw privateAddress(url);
  const request: RequestOptions = { signal, headers: { accept: 'image/*', 'user-agent': 'Easel' } };
  const guarded = isTrusted ? request : { ...request, lookup: lookupPublic };
  try {
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const get = url.protocol === 'https:' ? getHttps : getHttp;
      get(url, guarded, resolve).once('error', reject);
    });
  } catch (cause) {
    if (cause instanceof PrivateAddressError) throw privateAddress(url);
    throw notFetched(url, 'the server did not answer', cause);
  }
}

/** @throws BadInputError when it leads to anything but a web address */
function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | undefined {
  if (statusCode < 300 || statusCode > 399 || headers.location === undefined) return undefined;
  if (!URL.canParse(headers.location, from.href)) throw notFetched(from, 'the server redirects without an address');
  return readUrl(new URL(headers.location, from).href);
}

async function read(response: IncomingMessage, url: URL, { maxBytes }: FetchOptions): Promise<Uint8Array> {
  const { statusCode = 0 } = response;
  if (statusCode !== 200) {
    response.destroy();
    throw notFetched(url, `the server answered with status ${statusCode}`);
  }
  try {
    return await readBounded(response as AsyncIterable<Buffer>, maxBytes);
  } catch (cause) {
    if (cause instanceof EaselError) throw cause;
    throw notFetched(url, 'the download stopped early', cause);
  }
}

function privateAddress(url: URL): BadInputError {
  return new BadInputError(
    'private_address',
    `${url.host} is not on the public internet, so Easel does not fetch from it; attach the picture instead.`,
  );
}

function notFetched(url: URL, why: string, cause?: unknown): EaselError {
  const sentence = `The picture at ${url.host} could not be fetched: ${why}; check the address, or attach the picture.`;
  return new EaselError('not_fetched', sentence, { retryable: true, cause });
}
