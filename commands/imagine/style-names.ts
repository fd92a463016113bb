import type { OptionValue } from '../../src/core/request.ts';
import type { Style } from '../../src/core/style.ts';
import { readChoice } from '../parsing/values.ts';

/** Selects no style, even when the user's settings name one. */
export const NO_STYLE = 'none';

/** A style's name or `NO_STYLE`. @throws BadInputError naming the nearest */
export function readStyle(raw: OptionValue, styles: readonly Style[]): string {
  return readChoice('style', raw, [...styles.map(({ name }) => name), NO_STYLE]);
}
