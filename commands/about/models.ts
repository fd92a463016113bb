import { type EngineDescription, listNames, type ModelDescription } from '../../engine/index.ts';
import { code, type RichText, sentence, strong, text } from '../../src/core/reply.ts';
import { samplerLabel } from '../../src/core/samplers.ts';
import type { Command } from '../context.ts';
import { allowedModels } from '../imagine/channel-rules.ts';
import { shorten } from '../parsing/limits.ts';
import { privateReply } from '../replies.ts';
import { formatBytes } from './format-quantities.ts';

/** The most lines listed; together they fit the shortest message of the platforms. */
const MAX_LISTED = 15;
const MAX_LENGTH = 1900;
const MAX_REFUSED = 3;
const MAX_NOTED = 2;
const MAX_REFUSED_LENGTH = 240;
/** The most LoRAs and textual inversions listed; completion suggests all of them. */
const MAX_NAMES = 40;
const MAX_NAMES_LENGTH = 300;

export const models: Command = {
  description: { name: 'models', description: 'List the models with their sizes and defaults', options: [] },
  async run(request, context) {
    const rules = await context.settings.ofChannel(request.channel);
    const allowed = allowedModels(context.engine, rules);
    const all = context.engine.models.toSorted((a, b) => rank(allowed, a) - rank(allowed, b));
    const others = describeOthers(context.engine);
    const listed = listFitting(
      all.map((model) => describeModel(model, allowed)),
      MAX_LENGTH - lengthOf(others),
    );
    const hidden = all.length - listed.length;
    return privateReply([
      ...listed,
      ...(hidden > 0 ? [[text(`and ${hidden} more, suggested while you type `), code('--model')]] : []),
      ...others,
    ]);
  },
};

/** LoRAs, textual inversions, upscalers, and files that cannot be used. */
function describeOthers({ models: all, loras, embeddings, upscalers = [], refused }: EngineDescription): RichText[] {
  const names = (what: string, listed: readonly string[]): RichText[] =>
    listed.length === 0 ? [] : [[strong(what), text(` ${listNames(listed, MAX_NAMES, MAX_NAMES_LENGTH)}`)]];
  const warnings = [
    ...all.flatMap(({ samplerNote }) => samplerNote ?? []).slice(0, MAX_NOTED),
    ...refused.slice(0, MAX_REFUSED),
  ];
  const hidden = refused.length - MAX_REFUSED;
  return [
    ...names('LoRAs', loras),
    ...names('Textual inversions', embeddings),
    ...names('Upscalers', upscalers),
    ...warnings.map((why): RichText => [text('⚠ '), ...sentence(shorten(why, MAX_REFUSED_LENGTH))]),
    ...(hidden > 0 ? [[text(`⚠ ${hidden} more files cannot be used; the log lists them.`)]] : []),
  ];
}

/** The first lines that fit into `length`, at least one. */
function listFitting(lines: readonly RichText[], length: number): readonly RichText[] {
  let count = 0;
  while (count < Math.min(lines.length, MAX_LISTED) && lengthOf(lines.slice(0, count + 1)) <= length) count += 1;
  return lines.slice(0, Math.max(1, count));
}

function lengthOf(lines: readonly RichText[]): number {
  const spans = lines.flat().map((span) => (span.kind === 'user' ? span.user.name : span.text));
  // Marks of bold text and code, and the line's end.
  return spans.reduce((sum, span) => sum + span.length + 4, lines.length);
}

function describeModel(model: ModelDescription, allowed: readonly string[]): RichText {
  const { id, title, family, width, height, steps, guidance, sampler } = model;
  const facts = [
    family,
    `${width}×${height}`,
    `${steps} steps`,
    `guidance ${guidance}`,
    samplerLabel(sampler),
    ...describePeculiarities(model),
    ...(allowed.includes(id) ? [] : ['not allowed in this channel']),
    ...(allowed[0] === id ? ['default in this channel'] : []),
  ];
  return [strong(id), text(title === id ? '' : ` ${title}`), text(`: ${facts.join(' · ')}`)];
}

/** Special features of the model, and its memory and download size. */
function describePeculiarities(model: ModelDescription): string[] {
  const { predictionType, isInpainting, hasSafetyChecker, hasTinyAutoencoder, memoryBytes, downloadBytes } = model;
  return [
    ...(isInpainting === true ? ['made for inpainting'] : []),
    ...(predictionType === undefined ? [] : [predictionType === 'v_prediction' ? 'v-prediction' : 'sample prediction']),
    ...(hasSafetyChecker === true ? ['safety checker'] : []),
    ...(hasTinyAutoencoder === true ? ['TAESD previews'] : []),
    ...(memoryBytes === undefined ? [] : [`uses ${formatBytes(memoryBytes)} of memory`]),
    ...(downloadBytes === undefined ? [] : [`downloads ${formatBytes(downloadBytes)} on first use`]),
  ];
}

function rank(allowed: readonly string[], { id }: ModelDescription): number {
  const place = allowed.indexOf(id);
  return place === -1 ? allowed.length : place;
}
