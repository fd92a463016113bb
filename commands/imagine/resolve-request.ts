import type { GenerationSpec } from '../../engine/index.ts';
import { BadInputError } from '../../src/core/errors.ts';
import type { RemotePicture } from '../../src/core/request.ts';
import type { ChannelSettings } from '../../src/core/settings.ts';
import type { KeptPicture } from '../context.ts';
import { fewStepNote, newFewStepLora } from './few-steps.ts';
import type { ImagineInput } from './imagine-input.ts';
import { type InitSource, resolveSpec, type SpecContext, withInit } from './resolve-spec.ts';

/** What a request asks for, with nothing left open: parsed and resolved once, then handed on. */
export interface ResolvedRequest {
  readonly spec: GenerationSpec;
  /** As it was asked for; undefined leaves it to the channel. */
  readonly spoiler: boolean | undefined;
  /** The channel's settings that it was resolved against, and will be judged by. */
  readonly rules: ChannelSettings;
  /** What was chosen without being asked for, a sentence each. */
  readonly notes: readonly string[];
}

/** Fetches and keeps what a person gave. @throws EaselError saying what is wrong with it */
export type LoadPicture = (source: string | RemotePicture) => Promise<KeptPicture>;

const NO_PICTURE_YET: InitSource = { image: '', width: 1, height: 1 };

/**
 * The request with its picture to begin from and the mask: named by an option, or else attached, the picture first. A
 * mask alone is for the picture that what is made anew began from. Nothing is fetched before all that was typed is
 * resolved.
 * @throws BadInputError for a mask without its picture, and for anything else that was typed wrong
 */
export async function resolveRequest(
  input: ImagineInput,
  attached: readonly RemotePicture[],
  specContext: Omit<SpecContext, 'channel' | 'init'> & { readonly channel: ChannelSettings },
  load: LoadPicture,
): Promise<ResolvedRequest> {
  const { init, mask, earlier } = chooseSources(input, attached, specContext.base);
  const hasPicture = init !== undefined || mask !== undefined;
  const spec = resolveSpec(input, hasPicture ? { ...specContext, init: earlier ?? NO_PICTURE_YET } : specContext);
  const resolved = { spoiler: input.spoiler, rules: specContext.channel, notes: notesOf(input, spec, specContext) };
  if (!hasPicture) return { ...resolved, spec };
  const kept = earlier ?? (init === undefined ? NO_PICTURE_YET : initOf(await load(init)));
  const source = mask === undefined ? kept : { ...kept, mask: (await load(mask)).name };
  return { ...resolved, spec: withInit(spec, input, { ...specContext, init: source }) };
}

/** @param spec what `input` was resolved to */
export function notesOf(
  input: ImagineInput,
  spec: GenerationSpec,
  specContext: Pick<SpecContext, 'engine' | 'base'>,
): readonly string[] {
  const lora = newFewStepLora(spec.prompt, specContext);
  const note = lora && fewStepNote(input, spec, lora);
  return note === undefined ? [] : [note];
}

/** `earlier`: the picture that a mask alone is for. */
function chooseSources(
  { init: named, mask: namedMask }: ImagineInput,
  pictures: readonly RemotePicture[],
  base?: GenerationSpec,
) {
  const attached = [...pictures];
  const init = named ?? attached.shift();
  const mask = namedMask ?? attached.shift();
  if (init !== undefined || mask === undefined) return { init, mask };
  if (base?.init === undefined) {
    throw new BadInputError('no_init', 'A mask needs an init image; give one with `--init`, or attach it.');
  }
  return { init, mask, earlier: { image: base.init.image, width: base.width, height: base.height } };
}

function initOf({ name: image, width, height }: KeptPicture): InitSource {
  return { image, width, height };
}
