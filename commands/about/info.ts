import type { DeviceStatus, EngineDescription } from '../../engine/index.ts';
import type { BotHealth } from '../../src/core/bot-health.ts';
import { sizeOf } from '../../src/core/picture-size.ts';
import { code, type RichText, sentence, strong, text } from '../../src/core/reply.ts';
import type { Command, CommandContext } from '../context.ts';
import { findFinished, titleOf } from '../jobs/own-jobs.ts';
import { MAX_JOB_PIXELS, MAX_PROMPT_LENGTH } from '../parsing/limits.ts';
import { describeJobRecipe } from '../recipes/recipe.ts';
import { privateReply } from '../replies.ts';
import { describeChannelSettings } from '../settings/settings-lines.ts';
import { formatBytes, formatElapsed } from './format-quantities.ts';

const MAX_TITLE_LENGTH = 120;

export const info: Command = {
  description: {
    name: 'info',
    description: 'Bot status, or how one of your pictures was made',
    options: [
      {
        name: 'picture',
        aliases: [],
        description: 'Leave out for the bot status; 1 for your latest picture, or words from its prompt',
        type: 'string',
        required: false,
        freeText: true,
        completes: true,
        example: '1',
      },
    ],
  },
  async run(request, context) {
    const typed = String(request.options.picture ?? request.text).trim();
    if (typed === '') {
      const rules = await context.settings.ofChannel(request.channel);
      return privateReply([
        ...(await describeBot(context)),
        [strong('In this channel')],
        ...describeChannelSettings(rules),
      ]);
    }
    const job = await findFinished(typed, request, context);
    const made = `${titleOf(job, MAX_TITLE_LENGTH)}, requested by ${job.owner.name}, ${new Date(job.createdAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    return privateReply([[text(made)], ...describeJobRecipe(job, context), [text('Job '), code(job.id)]]);
  },
};

async function describeBot(context: CommandContext): Promise<RichText[]> {
  const { engine, queue } = context;
  const health = context.health();
  const { running, waiting } = await queue.snapshot({ first: 0 });
  return [
    [strong(`Easel ${health.version}`), text(`, up for ${formatElapsed(health.uptimeMs)}`)],
    line('Runs on', describeExecution(engine)),
    ...(engine.execution?.passedOver ?? []).map((why): RichText => [text('⚠ '), ...sentence(why)]),
    ...(health.devices ?? []).map((device) => line(`Device ${device.device}`, describeDevice(device, engine))),
    line('Queue', running + waiting === 0 ? 'empty' : `${running} running, ${waiting} waiting`),
    line('Speed', describeSpeed(health)),
    line('Memory', describeMemory(health)),
    line('Limits', describeLimits(health)),
  ];
}

function describeExecution({ provider, models, execution }: EngineDescription): string {
  return [
    `${provider}, with ${models.length} ${models.length === 1 ? 'model' : 'models'}`,
    ...(execution === undefined ? [] : [`${execution.threads} ${execution.threads === 1 ? 'thread' : 'threads'}`]),
    ...(execution?.precision === undefined ? [] : [execution.precision]),
    ...(execution?.memoryLimit === undefined ? [] : [`up to ${formatBytes(execution.memoryLimit)}`]),
    ...(execution?.offload === true ? ['low-memory mode'] : []),
  ].join(', ');
}

function describeDevice({ model, running, memoryBytes }: DeviceStatus, { models }: EngineDescription): string {
  return [
    model === undefined ? 'no model in memory' : (models.find(({ id }) => id === model)?.title ?? model),
    running === 0 ? 'idle' : `${running} running`,
    ...(memoryBytes === undefined ? [] : [formatBytes(memoryBytes)]),
  ].join(', ');
}

function describeMemory({ memoryBytes, engineBytes }: BotHealth): string {
  const engine = engineBytes === undefined ? 'engine not measured yet' : `engine ${formatBytes(engineBytes)}`;
  return `bot ${formatBytes(memoryBytes)}, ${engine}`;
}

function describeSpeed({ lastRender }: BotHealth): string {
  if (lastRender === undefined) return 'no pictures since the start';
  const { job, tookMs } = lastRender;
  const { width, height } = sizeOf(job.task);
  const pictures = job.pictures.length === 1 ? 'picture' : `${job.pictures.length} pictures`;
  return `${formatElapsed(Math.max(1000, tookMs))} for the last ${pictures} of ${width}×${height}`;
}

function describeLimits({ limits: { maxWaitingPerUser, maxWaiting } }: BotHealth): string {
  const side = Math.sqrt(MAX_JOB_PIXELS);
  return [
    `${maxWaitingPerUser} waiting requests per person, ${maxWaiting} in total`,
    `one picture of ${side}×${side} pixels per request, or several smaller ones with the same total`,
    `up to ${MAX_PROMPT_LENGTH} characters per prompt`,
  ].join(' · ');
}

function line(name: string, value: string): RichText {
  return [strong(name), text(` ${value}`)];
}
