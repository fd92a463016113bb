import {
  type EngineDescription,
  type GenerationSpec,
  type ModelDescription,
  SAMPLER_NAMES,
  type SamplerName,
  type Seed,
} from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import { type Size, upscaledSize } from '../../src/core/picture-size.ts';
import type { ChannelSettings, UserSettings } from '../../src/core/settings.ts';
import { applyStyle, type Style } from '../../src/core/style.ts';
import type { CommandDefaults } from '../defaults.ts';
import { shorten } from '../parsing/limits.ts';
import { allowedModels, ceilingFor, nativeScale } from './channel-rules.ts';
import { newFewStepLora } from './few-steps.ts';
import { resolvePasses } from './hires.ts';
import type { ImagineInput } from './imagine-input.ts';
import { addLoras } from './loras.ts';
import { checkJobPixels, fitSide, resolveSize, scaleSize } from './size.ts';
import { NO_STYLE } from './style-names.ts';

/** What a request is resolved against; of what is said in several places, the first counts. */
export interface SpecContext {
  readonly engine: EngineDescription;
  readonly styles?: readonly Style[];
  /** The picture that is made again: all that is not said otherwise stays as it was. */
  readonly base?: GenerationSpec;
  readonly user?: UserSettings;
  readonly channel?: ChannelSettings;
  /** The bot's own. */
  readonly defaults: CommandDefaults;
  /** The picture that the request begins from, kept. */
  readonly init?: InitSource;
  randomSeed(): Seed;
}

/** A picture to begin from, as it is kept. */
export interface InitSource extends Size {
  readonly image: string;
  readonly mask?: string;
}

/** Of the picture to begin from: enough to be seen, and for the prompt to have its say. */
const DEFAULT_STRENGTH = 0.75;

/**
 * Parsed input into a request that leaves nothing to chance: the seed is chosen here.
 * @throws BadInputError with one sentence for the first thing that is wrong
 */
export function resolveSpec(values: ImagineInput, specContext: SpecContext): GenerationSpec {
  const { base, user = {}, channel = {}, defaults, init, randomSeed } = specContext;
  const model = chooseModel(values.model, specContext);
  const count = values.count ?? base?.count ?? user.count ?? defaults.count;
  const { first, hires } = choosePasses(values, model, count, specContext);
  const negative = values.negative ?? base?.negative ?? user.negative ?? defaults.negative;
  const words = wordsOf(values, negative, specContext);
  const lora = newFewStepLora(words.prompt, specContext);
  return {
    ...words,
    ...first,
    steps: values.steps ?? chooseSteps(lora?.steps, base?.steps, model.steps, channel.maxSteps),
    guidance: values.guidance ?? lora?.guidance ?? base?.guidance ?? model.guidance,
    sampler: values.sampler ?? lora?.sampler ?? base?.sampler ?? userSampler(user) ?? model.sampler,
    model: model.id,
    seed: values.seed?.seed ?? base?.seed ?? randomSeed(),
    count,
    variations: values.seed?.variations ?? (keepsSeed(values, base) ? base.variations : []),
    ...initOf(values.strength, init, base),
    ...onlyGiven(values, base, defaults),
    ...(hires !== undefined && { hires }),
  };
}

/**
 * The resolved request with the picture that it begins from in its place, now that this is kept: where no size was said,
 * the picture's shape counts.
 * @throws BadInputError when that shape makes the pictures too large
 */
export function withInit(
  { init: _, hires: __, ...spec }: GenerationSpec,
  values: ImagineInput,
  specContext: SpecContext & { readonly init: InitSource },
): GenerationSpec {
  const model = chooseModel(spec.model, specContext);
  const { first, hires } = choosePasses(values, model, spec.count, specContext);
  const init = initOf(values.strength, specContext.init, specContext.base);
  return { ...spec, ...first, ...init, ...(hires !== undefined && { hires }) };
}

function choosePasses(values: ImagineInput, model: ModelDescription, count: number, specContext: SpecContext) {
  const passes = resolvePasses(values, specContext.base?.hires, chooseSize(values, model, specContext), model);
  checkJobPixels(upscaledSize(passes.first, passes.hires?.factor ?? 1), count);
  return passes;
}

function chooseModel(typed: string | undefined, { engine, base, channel = {} }: SpecContext): ModelDescription {
  const id = typed ?? base?.model ?? allowedModels(engine, channel)[0] ?? engine.defaultModel;
  const model = engine.models.find((candidate) => candidate.id === id);
  if (model !== undefined) return model;
  throw new BadInputError('unknown_choice', `The model \`${shorten(id)}\` is no longer available here.`);
}

/** Only what was typed in pixels can be too large for the channel; all else is fitted into its ceiling. */
function chooseSize(values: ImagineInput, model: ModelDescription, specContext: SpecContext): Size {
  const { base, user, init } = specContext;
  const isTyped = [values.ar, values.size, values.width, values.height].some((value) => value !== undefined);
  if (!isTyped && base !== undefined) return { width: base.width, height: base.height };
  const isInPixels = isTyped && values.ar === undefined;
  const size =
    !isTyped && init === undefined && user?.size !== undefined
      ? scaleSize(user.size, nativeScale(model, specContext))
      : resolveSize(values, model, init);
  const maxSide = ceilingFor(model, specContext);
  return isInPixels || maxSide === undefined ? size : fitSide(size, maxSide);
}

function wordsOf(values: ImagineInput, negative: string, { base, user, styles = [] }: SpecContext) {
  if (values.prompt === undefined || values.prompt === '') {
    throw new BadInputError(
      'empty_prompt',
      'The prompt is missing; describe the picture, such as `/imagine a fox in the snow`.',
    );
  }
  // What a picture's own prompt says of its style is in there already.
  const name = values.style ?? (base === undefined ? user?.style : undefined) ?? NO_STYLE;
  const style = styles.find((candidate) => candidate.name === name);
  if (style === undefined && name !== NO_STYLE) {
    throw new BadInputError(
      'unknown_choice',
      `The style \`${shorten(name)}\` from your settings no longer exists; choose another with \`/settings\`.`,
    );
  }
  const words = { prompt: values.prompt, negative };
  const styled = style === undefined ? words : applyStyle(style, words);
  return { ...styled, prompt: addLoras(styled.prompt, values.lora ?? []) };
}

/** Where nobody said a number: only a picture that is drawn again may have more steps than the channel allows. */
function chooseSteps(ofLora: number | undefined, ofBase: number | undefined, ofModel: number, most = Infinity): number {
  if (ofLora !== undefined) return Math.min(ofLora, most);
  return ofBase ?? Math.min(ofModel, most);
}

function userSampler({ sampler }: UserSettings): SamplerName | undefined {
  return SAMPLER_NAMES.find((known) => known === sampler);
}

/** Variations are steps away from a seed, so they go with it. */
function keepsSeed(values: ImagineInput, base: GenerationSpec | undefined): base is GenerationSpec {
  return base !== undefined && (values.seed === undefined || values.seed.seed === base.seed);
}

/** @throws BadInputError when something is said of a picture that is not there */
function initOf(
  strength: number | undefined,
  init: InitSource | undefined,
  base: GenerationSpec | undefined,
): Pick<GenerationSpec, 'init'> {
  if (init !== undefined) {
    const { image, mask } = init;
    const usual = base?.init?.image === image ? base.init.strength : DEFAULT_STRENGTH;
    return { init: { image, strength: strength ?? usual, ...(mask !== undefined && { mask }) } };
  }
  if (base?.init !== undefined) return { init: { ...base.init, strength: strength ?? base.init.strength } };
  if (strength === undefined) return {};
  throw new BadInputError('no_init', '`--strength` needs an init image; give one with `--init`, or attach it.');
}

/** What is left out stays out, so that the engine's own default holds. */
function onlyGiven(values: ImagineInput, base: GenerationSpec | undefined, defaults: CommandDefaults) {
  const clipSkip = values.clipSkip ?? base?.clipSkip;
  const guidanceRescale = values.guidanceRescale ?? base?.guidanceRescale;
  const syntax = values.syntax ?? base?.syntax;
  const noiseDevice = values.noiseDevice ?? base?.noiseDevice;
  const seedSize = values.seedSize ?? base?.seedSize;
  const decoder = values.decoder ?? base?.decoder;
  const speed = values.speed ?? (base === undefined ? defaults.speed : base.speed);
  return {
    ...(clipSkip !== undefined && { clipSkip }),
    ...(guidanceRescale !== undefined && { guidanceRescale }),
    ...(syntax !== undefined && { syntax }),
    ...(noiseDevice !== undefined && { noiseDevice }),
    ...(seedSize !== undefined && { seedSize }),
    ...(speed !== undefined && { speed }),
    ...(decoder !== undefined && { decoder }),
  };
}
