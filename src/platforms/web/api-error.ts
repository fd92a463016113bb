import { HTTPException } from 'hono/http-exception';

type ErrorStatus = 400 | 401 | 403 | 404 | 408 | 409 | 410 | 413 | 415 | 421 | 503;

/** The API's answer to what it won't do. @param message one sentence: what was wrong and what to do. */
export function apiError(status: ErrorStatus, code: string, message: string): HTTPException {
  return new HTTPException(status, { res: Response.json({ error: { code, message } }, { status }) });
}
