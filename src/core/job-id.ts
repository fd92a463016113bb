import { createHash } from 'node:crypto';
import type { Platform } from './user.ts';

/** 96 bits: two requests out of a billion share an id with probability 1e-11. In base 36 that is 19 characters. */
const HASH_BYTES = 12;
const ID_LENGTH = 19;

/** The same event makes the same id, so an event delivered twice makes one job. 19 characters of 0-9 a-z. */
export function jobIdOf(platform: Platform, requestId: string): string {
  const digest = createHash('sha256').update(`${platform}\0${requestId}`).digest().subarray(0, HASH_BYTES);
  return BigInt(`0x${digest.toString('hex')}`)
    .toString(36)
    .padStart(ID_LENGTH, '0');
}
