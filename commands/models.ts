import type { ModelDescription } from '../engine/index.ts';
import { code, type RichText, sentence, strong, text } from '../src/core/reply.ts';
import { samplerLabel } from '../src/core/samplers.ts';
import type { Command } from './context.ts';
import { formatBytes } from './quantities.ts';
import { privately } from './replies.ts';
import { allowedModels } from './rules.ts';

/** More lines than this would not fit the shortest message of the platforms. */
const MAX_LISTED = 15;
const MAX_REFUSED = 5;
const MAX_NOTED = 3;

export const models: Command = {
  description: { name: 'models', description: 'The models that can draw, and what they were trained for', options: [] },
  async run(request, context) {
    const rules = await context.settings.ofChannel(request.channel);
    const allowed = allowedModels(context.engine, rules);
    const all = context.engine.models.toSorted((a, b) => rank(allowed, a) - rank(allowed, b));
    const hidden = all.length - MAX_LISTED;
    const { loras, embeddings, refused } = context.engine;
    const samplerNotes = all.flatMap(({ samplerNote }) => samplerNote ?? []);
    return privately([
      ...all.slice(0, MAX_LISTED).map((model) => describeModel(model, allowed)),
      ...(hidden > 0 ? [[text(`and ${hidden} more, which appear while you type `), code('--model')]] : []),
      ...(loras.length > 0 ? [[strong('LoRAs'), text(` ${loras.join(', ')}`)]] : []),
      ...(embeddings.length > 0 ? [[strong('Words it was taught'), text(` ${embeddings.join(', ')}`)]] : []),
      ...[...samplerNotes.slice(0, MAX_NOTED), ...refused.slice(0, MAX_REFUSED)].map(
        (why): RichText => [text('⚠ '), ...sentence(why)],
      ),
    ]);
  },
};

function describeModel(model: ModelDescription, allowed: readonly string[]): RichText {
  const { id, title, width, height, steps, guidance, sampler } = model;
  const facts = [
    `${width}×${height}`,
    `${steps} steps`,
    `guidance ${guidance}`,
    samplerLabel(sampler),
    ...describePeculiarities(model),
    ...(allowed.includes(id) ? [] : ['not in this channel']),
    ...(allowed[0] === id ? ['the default here'] : []),
  ];
  return [strong(id), text(title === id ? '' : ` ${title}`), text(`: ${facts.join(' · ')}`)];
}

/** What tells it from other models, and what it costs. */
function describePeculiarities(model: ModelDescription): string[] {
  const { predictionType, hasSafetyChecker, hasTinyAutoencoder, memoryBytes, downloadBytes } = model;
  return [
    ...(predictionType === undefined
      ? []
      : [predictionType === 'v_prediction' ? 'v-prediction' : 'predicts the picture']),
    ...(hasSafetyChecker === true ? ['safety checker'] : []),
    ...(hasTinyAutoencoder === true ? ['sharp previews'] : []),
    ...(memoryBytes === undefined ? [] : [`takes ${formatBytes(memoryBytes)}`]),
    ...(downloadBytes === undefined ? [] : [`${formatBytes(downloadBytes)} to download at its first picture`]),
  ];
}

function rank(allowed: readonly string[], { id }: ModelDescription): number {
  const place = allowed.indexOf(id);
  return place === -1 ? allowed.length : place;
}
