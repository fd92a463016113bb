import type { GenerationSpec } from '../engine/index.ts';
import { parseFlags } from './flags.ts';

/** The text that, given to /imagine, asks for exactly this; variations have no flag and are left out. */
export function formatImagine(spec: GenerationSpec): string {
  return [
    isPlainText(spec.prompt) ? spec.prompt : `--prompt ${quote(spec.prompt)}`,
    `--negative ${quote(spec.negative)}`,
    `--width ${spec.width} --height ${spec.height}`,
    `--seed ${spec.seed} --steps ${spec.steps} --guidance ${spec.guidance}`,
    `--sampler ${spec.sampler} --count ${spec.count} --model ${quote(spec.model)}`,
  ].join(' ');
}

function isPlainText(prompt: string): boolean {
  try {
    const parsed = parseFlags(prompt);
    return parsed.flags.length === 0 && parsed.text === prompt;
  } catch {
    return false;
  }
}

function quote(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}
