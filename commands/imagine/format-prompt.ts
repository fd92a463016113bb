import type { GenerationSpec } from '../../engine/index.ts';
import { parseFlags } from '../parsing/flags.ts';
import { quote, quoteWord } from '../parsing/quote.ts';
import { formatHires } from './hires.ts';
import { IMAGINE } from './imagine-options.ts';
import { formatSeed } from './seed-value.ts';
import { NO_STYLE } from './style-names.ts';

/**
 * The text that, given to /imagine, asks for exactly this, whatever the person's settings are. A picture to begin from is
 * left out: no text holds it.
 * @param knowsModel false leaves the model out, too, so that the text can be used where that is not
 */
export function formatImagine(spec: GenerationSpec, knowsModel = true): string {
  return [
    formatPrompt(spec.prompt),
    `--negative ${quote(spec.negative)}`,
    `--width ${spec.width} --height ${spec.height}`,
    `--seed ${formatSeed(spec)}`,
    formatFlags(spec, knowsModel),
    `--style ${NO_STYLE}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** As it stands, or, where that would be read as flags, as the quoted value of one. */
export function formatPrompt(prompt: string): string {
  return isPlainText(prompt) ? prompt : `--prompt ${quote(prompt)}`;
}

/** Everything that is neither words, size nor seed. */
export function formatFlags(spec: GenerationSpec, knowsModel = true): string {
  const { clipSkip, guidanceRescale, speed, decoder, syntax, noiseDevice, seedSize } = spec;
  return [
    `--steps ${spec.steps} --guidance ${spec.guidance} --sampler ${spec.sampler}`,
    `--count ${spec.count}`,
    knowsModel ? `--model ${quoteWord(spec.model)}` : '',
    clipSkip === undefined ? '' : `--clip-skip ${clipSkip}`,
    guidanceRescale === undefined ? '' : `--rescale ${guidanceRescale}`,
    speed === undefined ? '' : `--speed ${speed}`,
    decoder === undefined ? '' : `--decoder ${decoder}`,
    syntax === undefined ? '' : `--syntax ${syntax}`,
    noiseDevice === undefined ? '' : `--noise ${noiseDevice}`,
    seedSize === undefined ? '' : `--seed-size ${seedSize.width}x${seedSize.height}`,
    formatHires(spec),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function isPlainText(prompt: string): boolean {
  try {
    const parsed = parseFlags(prompt, IMAGINE);
    return parsed.flags.length === 0 && parsed.text === prompt;
  } catch {
    return false;
  }
}
