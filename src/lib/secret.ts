import { z } from 'zod';

/** What may stand in an HTTP header, where secrets go: visible characters of ASCII. */
const VISIBLE = /^[\x21-\x7e]*$/;
const INVISIBLE =
  'contains a line break, a space or an invisible character; copy the token again, without anything else';

/**
 * A token or another secret of the environment. The line break that files end with is cut off; one within is refused, and
 * never quoted.
 */
export function secret() {
  return z.string().trim().regex(VISIBLE, INVISIBLE);
}
