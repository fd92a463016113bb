import { SAMPLER_NAMES } from '../../engine/index.ts';
import { loadStyles } from '../app/load-styles.ts';
import { samplerLabel } from '../core/samplers.ts';

/** A line each: the name that `--sampler` takes, and the one that other tools know it by. */
export function listSamplers(): string {
  return columns(SAMPLER_NAMES.map((name) => [name, samplerLabel(name)]));
}

/** A line each: the name that `--style` takes, and what it is. @throws EaselError `bad_styles` */
export function listStyles(stylesFile: string | undefined): string {
  return columns(loadStyles(stylesFile).map(({ name, about }) => [name, about]));
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, meaning]) => `${name.padEnd(width)}  ${meaning}`.trimEnd()).join('\n');
}
