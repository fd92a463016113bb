import { NOISE_DEVICES, PROMPT_SYNTAXES, SAMPLER_NAMES, SPEC_LIMITS } from '../../engine/index.ts';
import type { OptionDescription } from '../../src/core/command.ts';
import { createOptionSet } from '../parsing/option-set.ts';
import { UPSCALER_NAMES } from './hires.ts';

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
    example: 'a red circle on a blue background',
  },
  {
    ...TEXT,
    name: 'negative',
    aliases: ['no'],
    description: 'What to keep out of the picture',
    example: 'text, frame',
  },
  {
    ...TEXT,
    name: 'style',
    aliases: [],
    description: 'Words around your prompt that give it a look; none for no style',
    completes: true,
    example: 'watercolour',
  },
  {
    ...TEXT,
    name: 'ar',
    aliases: ['aspect'],
    description: "Aspect ratio at the model's own area",
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
    // A text, as large as it may be: no platform's integers hold 64 bits.
    ...TEXT,
    name: 'seed',
    aliases: [],
    description: 'The same seed and options make the same picture',
    example: '42',
  },
  {
    name: 'steps',
    aliases: [],
    description: 'Denoising steps: more is slower and finer',
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
    description: 'How the noise is removed',
    choices: SAMPLER_NAMES,
    // More than a platform's closed list holds.
    completes: true,
    example: 'euler_a',
  },
  {
    name: 'count',
    aliases: [],
    description: 'How many pictures',
    type: 'integer',
    required: false,
    freeText: false,
    min: SPEC_LIMITS.minCount,
    max: SPEC_LIMITS.maxCount,
    example: '4',
  },
  {
    ...TEXT,
    name: 'init',
    aliases: ['image'],
    description: 'Web address of a picture to begin from',
    example: 'https://example.com/cat.png',
  },
  {
    ...TEXT,
    name: 'mask',
    aliases: [],
    description: 'Web address of a mask: its white is drawn anew',
    example: 'https://example.com/mask.png',
  },
  {
    ...SHARE,
    name: 'strength',
    aliases: ['denoise'],
    description: 'How much the picture to begin from may change',
    example: '0.6',
  },
  {
    ...TEXT,
    name: 'hires',
    aliases: [],
    description: 'Then enlarges it so many times and draws over it; 1: not; auto: up to the size',
    example: '2',
  },
  {
    ...TEXT,
    name: 'upscaler',
    aliases: [],
    description: 'How hires enlarges',
    choices: UPSCALER_NAMES,
    example: 'latent',
  },
  {
    name: 'clip-skip',
    aliases: ['clipskip'],
    description: "CLIP's last layers passed over, counted from 1",
    type: 'integer',
    required: false,
    freeText: false,
    min: 1,
    max: SPEC_LIMITS.maxClipSkip,
    example: '2',
  },
  {
    ...SHARE,
    name: 'rescale',
    aliases: [],
    description: 'Takes back the washed-out look of high guidance',
    example: '0.7',
  },
  { ...TEXT, name: 'model', aliases: [], description: 'Which model draws', completes: true, example: 'sketch' },
  {
    ...TEXT,
    name: 'lora',
    aliases: [],
    description: 'LoRAs to add, each with its weight',
    completes: true,
    example: 'ink:0.8, chalk',
  },
  {
    name: 'spoiler',
    aliases: [],
    description: 'Hides the pictures until somebody asks to see them',
    type: 'boolean',
    required: false,
    freeText: false,
    example: 'on',
  },
  // Discord's form ends before these; they are typed in the prompt there.
  {
    ...TEXT,
    name: 'syntax',
    aliases: [],
    description: 'a1111 reads (emphasis) and long prompts; plain takes every letter as it stands',
    choices: PROMPT_SYNTAXES,
    example: 'plain',
  },
  {
    ...TEXT,
    name: 'noise',
    aliases: ['rng'],
    description: 'Whose noise a seed means: cpu as diffusers, cuda as AUTOMATIC1111',
    choices: NOISE_DEVICES,
    example: 'cuda',
  },
  {
    ...TEXT,
    name: 'seed-size',
    aliases: [],
    description: 'Keeps the composition that the seed has at this size',
    example: '512x512',
  },
] as const satisfies readonly OptionDescription[];

export type ImagineOptionName = (typeof IMAGINE_OPTIONS)[number]['name'];

export const IMAGINE = createOptionSet('imagine', IMAGINE_OPTIONS, ['prompt', 'negative', 'lora']);
