import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { apiError } from './api-error.ts';

/** Takes a picture's bytes as they are. */
export const UPLOAD_PATH = '/api/uploads';

const SAFE_METHODS = new Set(['GET', 'HEAD']);

/** Undefined for a Host header that is not one. */
function hostnameOf(host: string): string | undefined {
  if (/[\s/@?#\\]/.test(host)) return undefined;
  try {
    return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '').toLowerCase();
  } catch {
    return undefined;
  }
}

/**
 * DNS rebinding makes a foreign *name* point here, so addresses and localhost are safe and every other name has to be
 * allowed.
 */
function isOurHost(host: string | undefined, allowedHosts: readonly string[]): boolean {
  const hostname = host === undefined ? undefined : hostnameOf(host);
  if (hostname === undefined) return false;
  return isIP(hostname) !== 0 || hostname === 'localhost' || allowedHosts.includes(hostname);
}

/** A browser says where a request comes from; a script says nothing and is let in. */
function isFromElsewhere(origin: string | undefined, site: string | undefined, host: string | undefined): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  if (origin === undefined) return false;
  try {
    return new URL(origin).host !== host?.toLowerCase();
  } catch {
    return true;
  }
}

/** A browser sends neither JSON nor a picture across sites without asking first, and nothing here says yes. */
function refuseOtherTypes(path: string, type: string): void {
  if (path === UPLOAD_PATH) {
    if (/^image\/(png|jpeg|webp)\b/i.test(type)) return;
    throw apiError(415, 'not_a_picture', 'Send a picture with Content-Type: image/png, image/jpeg or image/webp.');
  }
  if (/^application\/json\b/i.test(type)) return;
  throw apiError(415, 'not_json', 'Send JSON with Content-Type: application/json.');
}

/** Refuses requests that another web site makes in a visitor's browser. */
export function requestGuard(allowedHosts: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header('host');
    if (!isOurHost(host, allowedHosts)) {
      throw apiError(
        421,
        'wrong_host',
        'This host name is not allowed; open the channel by its IP address or localhost.',
      );
    }
    if (!SAFE_METHODS.has(c.req.method)) {
      if (isFromElsewhere(c.req.header('origin'), c.req.header('sec-fetch-site'), host)) {
        throw apiError(403, 'cross_site', 'Requests from other web sites are not accepted.');
      }
      refuseOtherTypes(c.req.path, c.req.header('content-type') ?? '');
    }
    await next();
  };
}
