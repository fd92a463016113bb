import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { WirePerson } from './wire.ts';

const SECRET_BYTES = 32;

/**
 * Who is speaking. A token names a person and is signed, so the server keeps no list; whoever holds it is that person.
 */
export interface PersonTokens {
  /** A new person, or `known` under a new name. */
  issue(name: string, known?: WirePerson): { readonly person: WirePerson; readonly token: string };
  /** Undefined for a token that this server did not issue. */
  verify(token: string): WirePerson | undefined;
}

/** Reads the signing secret or makes it, readable by the owner only. */
export function loadTokenSecret(path: string): Uint8Array {
  try {
    writeFileSync(path, randomBytes(SECRET_BYTES), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const secret = readFileSync(path);
  if (secret.length !== SECRET_BYTES) {
    throw new Error(
      `${path} should hold ${SECRET_BYTES} bytes but holds ${secret.length}; delete it to make a new one.`,
    );
  }
  return secret;
}

export function createPersonTokens(secret: Uint8Array): PersonTokens {
  const sign = (payload: string) => createHmac('sha256', secret).update(payload).digest();
  return {
    issue(name, known) {
      const person = { id: known?.id ?? randomBytes(9).toString('hex'), name };
      const payload = Buffer.from(JSON.stringify(person)).toString('base64url');
      return { person, token: `${payload}.${sign(payload).toString('base64url')}` };
    },
    verify(token) {
      const [payload, signature, ...rest] = token.split('.');
      if (payload === undefined || signature === undefined || rest.length > 0) return undefined;
      const given = Buffer.from(signature, 'base64url');
      const expected = sign(payload);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const { id, name }: WirePerson = JSON.parse(Buffer.from(payload, 'base64url').toString());
      return { id, name };
    },
  };
}

/** A script that gives only a name: the same name is the same person, apart from everyone with a token. */
export function guestNamed(name: string): WirePerson {
  return { id: `guest${createHash('sha256').update(name).digest('hex').slice(0, 16)}`, name };
}
