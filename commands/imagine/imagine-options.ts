import { DECODERS, NOISE_DEVICES, PROMPT_SYNTAXES, SAMPLER_NAMES, SPEC_LIMITS, SPEEDS } from '../../engine/index.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import { createOptionSet } from '../parsing/option-set.ts';

const SIDE = {
  type: 'integer',
  required: false,
  freeText: false,
  min: SPEC_LIMITS.minSide,
  max: SPEC_LIMITS.maxSide,
} as const;
const SHARE = { type: 'number', required: false, freeText: false, min: 0, max: 1 } as const;
const TEXT = { type: 'string', required: false, freeText: false } as const;

/** The form of all options, by its name in `encodeFormId`, and the shortcut that opens it. */
export const IMAGINE_FORM = 'imagine';

/** The single description of what /imagine takes: parsing, bounds, registration on platforms and help come from it. */
export const IMAGINE_OPTIONS = [
  {
    name: 'prompt',
    aliases: [],
    description: 'What the picture shows',
    type: 'string',
    required: true,
    freeText: true,
    example: 'a fox in the snow',
  },
  {
    ...TEXT,
    name: 'negative',
    aliases: ['no'],
    description: 'Negative prompt: what the picture should not show',
    example: 'text, frame',
  },
  {
    ...TEXT,
    name: 'style',
    aliases: [],
    description: 'Style added to your prompt; none for no style',
    completes: true,
    example: 'watercolour',
  },
  {
    ...TEXT,
    name: 'ar',
    aliases: ['aspect'],
    description: "Aspect ratio at the model's native resolution",
    completes: true,
    example: '3:2',
  },
  {
    ...TEXT,
    name: 'size',
    aliases: [],
    description: 'Width and height in pixels',
    completes: true,
    example: '512x512',
  },
  { ...SIDE, name: 'width', aliases: ['w'], description: 'Width in pixels, a multiple of 8', example: '512' },
  { ...SIDE, name: 'height', aliases: ['h'], description: 'Height in pixels, a multiple of 8', example: '512' },
  {
    // A string, because no platform has 64-bit integers.
    ...TEXT,
    name: 'seed',
    aliases: [],
    description: 'The same seed and options give the same picture',
    example: '42',
  },
  {
    name: 'steps',
    aliases: [],
    description: 'Denoising steps: more are slower and add detail',
    type: 'integer',
    required: false,
    freeText: false,
    min: SPEC_LIMITS.minSteps,
    max: SPEC_LIMITS.maxSteps,
    example: '20',
  },
  {
    name: 'guidance',
    aliases: ['cfg', 'scale'],
    description: 'How closely the picture follows the prompt',
    type: 'number',
    required: false,
    freeText: false,
    min: SPEC_LIMITS.minGuidance,
    max: SPEC_LIMITS.maxGuidance,
    example: '7.5',
  },
  {
    ...TEXT,
    name: 'sampler',
    aliases: [],
    description: 'Sampling method',
    choices: SAMPLER_NAMES,
    // The list is longer than a platform's limit for choices.
    completes: true,
    example: 'euler_a',
  },
  {
    name: 'count',
    aliases: [],
    description: 'Number of pictures',
    type: 'integer',
    required: false,
    freeText: false,
    min: SPEC_LIMITS.minCount,
    max: SPEC_LIMITS.maxCount,
    example: '4',
  },
  {
    ...TEXT,
    name: 'speed',
    aliases: [],
    description: 'Fast pictures differ a little from exact',
    choices: SPEEDS,
    example: 'balanced',
  },
  {
    ...TEXT,
    name: 'init',
    aliases: ['image'],
    description: 'Web address of an init image',
    example: 'https://example.com/a.png',
  },
  {
    ...TEXT,
    name: 'mask',
    aliases: [],
    description: 'Web address of a mask: white areas are drawn again',
    example: 'https://example.com/m.png',
  },
  {
    ...SHARE,
    name: 'strength',
    aliases: ['denoise'],
    description: 'Denoising strength: how much the init image may change',
    example: '0.6',
  },
  {
    ...TEXT,
    name: 'hires',
    aliases: [],
    description: 'Upscale factor of a second pass; 1: none; auto: up to the given size',
    example: '2',
  },
  {
    ...TEXT,
    name: 'upscaler',
    aliases: [],
    description: 'Upscaler of the second pass',
    completes: true,
    example: 'latent',
  },
  {
    name: 'clip-skip',
    aliases: ['clipskip'],
    description: 'CLIP layer, counted from the last',
    type: 'integer',
    required: false,
    freeText: false,
    min: 1,
    max: SPEC_LIMITS.maxClipSkip,
    example: '2',
  },
  { ...TEXT, name: 'model', aliases: [], description: 'The model to use', completes: true, example: 'sketch' },
  {
    ...TEXT,
    name: 'lora',
    aliases: [],
    description: 'LoRAs to add, each with its weight',
    completes: true,
    example: 'ink:0.8',
  },
  {
    name: 'spoiler',
    aliases: [],
    description: 'Hides the pictures as spoilers',
    type: 'boolean',
    required: false,
    freeText: false,
    example: 'on',
  },
  // These exceed Discord's option limit; Discord users type them in the prompt.
  {
    ...SHARE,
    name: 'rescale',
    aliases: [],
    description: 'Reduces overexposure at high guidance',
    example: '0.7',
  },
  {
    ...TEXT,
    name: 'decoder',
    aliases: [],
    description: 'taesd is faster and less sharp',
    choices: DECODERS,
    example: 'taesd',
  },
  {
    ...TEXT,
    name: 'syntax',
    aliases: [],
    description: 'Prompt syntax: a1111 reads (emphasis); plain reads literally',
    choices: PROMPT_SYNTAXES,
    example: 'plain',
  },
  {
    ...TEXT,
    name: 'noise',
    aliases: ['rng'],
    description: 'Noise source: cpu as diffusers, cuda as AUTOMATIC1111',
    choices: NOISE_DEVICES,
    example: 'cuda',
  },
  {
    ...TEXT,
    name: 'seed-size',
    aliases: [],
    description: 'Keeps the composition of this size',
    example: '512x512',
  },
] as const satisfies readonly OptionDescription[];

/** The names of `IMAGINE_OPTIONS`. */
export type ImagineOptionName = (typeof IMAGINE_OPTIONS)[number]['name'];

/** The options of /imagine, found by any of their spellings. */
export const IMAGINE = createOptionSet('imagine', IMAGINE_OPTIONS, ['prompt', 'negative', 'lora']);
