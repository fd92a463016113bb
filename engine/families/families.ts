import type { ModelFamily } from './model-family.ts';
import { SD1 } from './sd1.ts';
import { SD2 } from './sd2.ts';
import { SDXL } from './sdxl.ts';

/** The families that Easel draws with. */
export const FAMILIES: readonly ModelFamily[] = [SD1, SD2, SDXL];

/** The same in a sentence. */
export const SUPPORTED = 'Stable Diffusion 1, 2 and XL';

/** @param width channels of the text that a UNet attends to; undefined for one that no family has. */
export function familyOfTextWidth(width: number): ModelFamily | undefined {
  return FAMILIES.find(({ text }) => text.width === width);
}
