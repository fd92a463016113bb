import type { Context } from 'hono';
import { apiError } from './api-error.ts';
import { guestNamed, type PersonTokens } from './tokens.ts';
import type { WirePerson } from './wire.ts';

/** Whose token the request carries. @throws HTTPException for one that is not known */
export function tokenHolder(c: Context, tokens: PersonTokens): WirePerson | undefined {
  const header = c.req.header('authorization');
  if (header === undefined) return undefined;
  const person = header.startsWith('Bearer ') ? tokens.verify(header.slice('Bearer '.length)) : undefined;
  if (person === undefined) throw apiError(401, 'bad_token', 'Easel does not know this token; request a new one.');
  return person;
}

/** The token's holder, or whoever goes by the name. @throws HTTPException when there is neither */
export function requirePerson(c: Context, tokens: PersonTokens, name: string | undefined): WirePerson {
  const holder = tokenHolder(c, tokens);
  if (holder !== undefined) return holder;
  if (name === undefined)
    throw apiError(401, 'no_name', 'The request has no user; send a token, or a name in the body.');
  return guestNamed(name);
}
