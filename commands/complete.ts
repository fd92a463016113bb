import type { EngineDescription } from '../engine/index.ts';
import { SAMPLER_NAMES } from '../engine/index.ts';
import { samplerLabel } from '../src/core/samplers.ts';
import { truncate } from '../src/core/truncate.ts';
import type { Suggestion, Typing } from '../src/platforms/port.ts';
import type { CommandContext } from './context.ts';
import { allowedModels } from './imagine/channel-rules.ts';
import { UPSCALER_NAMES } from './imagine/hires.ts';
import { IMAGINE } from './imagine/imagine-options.ts';
import { sizeOfRatio } from './imagine/size.ts';
import { NO_STYLE } from './imagine/style-names.ts';
import { latestJobs, titleOf } from './jobs/own-jobs.ts';
import { splitNames } from './parsing/name-list.ts';

/** Discord's limit. */
const MAX_SUGGESTIONS = 25;
const MAX_LABEL_LENGTH = 100;
/** How many of a user's latest pictures are searched. */
const MAX_SEARCHED = 200;
const RATIOS = ['1:1', '3:2', '2:3', '4:3', '3:4', '16:9', '9:16', '5:4', '4:5', '2:1', '1:2'] as const;

type Values = (typing: Typing, context: CommandContext) => Promise<readonly Suggestion[]> | readonly Suggestion[];

/** By the name of the option, which has the same meaning in every command. */
const VALUES: Readonly<Record<string, Values>> = {
  sampler: () => SAMPLER_NAMES.map((name) => ({ label: `${name} – ${samplerLabel(name)}`, value: name })),
  style: ({ command }, { styles }) => {
    const named = styles.map(({ name, about }) => ({ label: about === '' ? name : `${name} – ${about}`, value: name }));
    return command === 'styles' ? named : [...named, { label: 'none – no style', value: NO_STYLE }];
  },
  model: modelsOf,
  models: modelsOf,
  lora: (_, { engine }) => engine.loras.map((name) => ({ label: name, value: name })),
  upscaler: (_, { engine: { upscalers = [] } }) =>
    [...UPSCALER_NAMES, ...upscalers].map((name) => ({ label: name, value: name })),
  ar: () => RATIOS.map((ratio) => ({ label: ratio, value: ratio })),
  size: sizesOf,
  which: async (typing, context) => [
    { label: 'starred – pictures with your ⭐', value: 'starred' },
    ...(await jobsOf(typing, context)),
  ],
  picture: jobsOf,
};

/** Options whose value is a list: the last of it is being typed. */
const LISTS = ['models', 'lora'];

/** Values of an option that hold every word typed, those that begin with it first. */
export async function complete(typing: Typing, context: CommandContext): Promise<readonly Suggestion[]> {
  const values = (await VALUES[typing.option]?.(typing, context)) ?? choicesOf(typing.option);
  const { loras, models } = context.engine;
  const known = typing.option === 'lora' ? loras : models.map(({ id }) => id);
  const { before, typed } = splitTyped(typing, known);
  const given = splitNames(before, known).map((entry) => entry.replace(/:.*$/, ''));
  return rank(
    values.filter(({ value }) => !given.includes(value)),
    typed,
  )
    .slice(0, MAX_SUGGESTIONS)
    .map(({ label, value }) => ({
      label: truncate(`${before}${label}`, MAX_LABEL_LENGTH),
      value: `${before}${value}`,
    }));
}

/** @param known names that may have commas in them */
function splitTyped(
  { option, typed }: Typing,
  known: readonly string[],
): { readonly before: string; readonly typed: string } {
  if (!LISTS.includes(option) || !typed.includes(',')) return { before: '', typed };
  const entries = splitNames(typed, known);
  const last = /,\s*$/.test(typed) ? '' : (entries.at(-1) ?? '');
  const before = last === '' ? entries : entries.slice(0, -1);
  return { before: before.map((entry) => `${entry}, `).join(''), typed: last };
}

function rank(values: readonly Suggestion[], typed: string): readonly Suggestion[] {
  const sought = typed.trim().toLowerCase();
  const words = sought.split(/\s+/);
  const rankOf = ({ label, value }: Suggestion) => {
    if (value.toLowerCase().startsWith(sought)) return 0;
    return label.toLowerCase().startsWith(sought) ? 1 : 2;
  };
  return values
    .filter(({ label, value }) => words.every((word) => `${label} ${value}`.toLowerCase().includes(word)))
    .toSorted((a, b) => rankOf(a) - rankOf(b));
}

async function modelsOf(typing: Typing, { engine, settings }: CommandContext): Promise<readonly Suggestion[]> {
  // Moderators can choose from all models.
  const rules = typing.command === 'channel' ? {} : await settings.ofChannel(typing.channel);
  return allowedModels(engine, rules).map((id) => {
    const title = engine.models.find((model) => model.id === id)?.title ?? id;
    return { label: title === id ? id : `${id} – ${title}`, value: id };
  });
}

/** Sizes with the model's native area in common aspect ratios. */
async function sizesOf(typing: Typing, context: CommandContext): Promise<readonly Suggestion[]> {
  const rules = await context.settings.ofChannel(typing.channel);
  const model = modelOf(typing, context.engine, allowedModels(context.engine, rules)[0]);
  if (model === undefined) return [];
  return RATIOS.map((ratio) => {
    const [wide = 1, high = 1] = ratio.split(':').map(Number);
    const { width, height } = sizeOfRatio(wide / high, model);
    return { label: `${width}x${height} – ${ratio}`, value: `${width}x${height}` };
  });
}

function modelOf({ options }: Typing, engine: EngineDescription, fallback: string | undefined) {
  const typed = options.model;
  return engine.models.find(({ id }) => id === typed) ?? engine.models.find(({ id }) => id === fallback);
}

async function jobsOf(typing: Typing, context: CommandContext): Promise<readonly Suggestion[]> {
  const jobs = await latestJobs(typing, 'made', MAX_SEARCHED, context);
  return jobs.map((job) => ({ label: titleOf(job, MAX_LABEL_LENGTH), value: job.id }));
}

function choicesOf(option: string): readonly Suggestion[] {
  return (IMAGINE.find(option)?.choices ?? []).map((choice) => ({ label: choice, value: choice }));
}
