import { decodeFormId } from './form.ts';

/**
 * Button ids are `v1:<action>:<jobId>:<index>`: an id, never state, so a button works for as long as its job is stored.
 * A grid offers `vary` (V1–V4) and `upscale` (U1–U4, ×2); a single picture offers `vary_subtle` and `vary_strong`, and
 * enlargements by 1.5, 2 and 4, and `enlarge`, which resizes without redrawing. `remix` is answered with a form, `recipe` and `show` privately, `star` privately too.
 * What opens a form and concerns no job has the form's own id instead (`encodeFormId`).
 */
export const BUTTON_ACTIONS = [
  'reroll',
  'vary',
  'vary_subtle',
  'vary_strong',
  'upscale',
  'upscale_1_5',
  'upscale_4',
  'enlarge',
  'remix',
  'star',
  'recipe',
  'show',
  'cancel',
  'delete',
] as const;
/** One of `BUTTON_ACTIONS`. */
export type ButtonActionName = (typeof BUTTON_ACTIONS)[number];

/** What a button id says. */
export interface ButtonAction {
  readonly action: ButtonActionName;
  readonly jobId: string;
  /** The picture's place in its grid from 0; 0 where the action concerns the whole message. */
  readonly index: number;
}

/** Pressed, they are answered with a form, which some platforms take as the first answer only. */
const FORM_ACTIONS: readonly ButtonActionName[] = ['remix'];
/** They take something away, so the bot needs no right to write where they are pressed. */
const ACTIONS_WITHOUT_WRITING: readonly ButtonActionName[] = ['cancel', 'delete'];

/** A press may be answered with a form. @param id of any button */
export function opensForm(id: string): boolean {
  const action = decodeButtonId(id)?.action;
  return decodeFormId(id) !== undefined || (action !== undefined && FORM_ACTIONS.includes(action));
}

/** What a press asks for is written into the channel. @param id of any button */
export function needsWriteAccess(id: string): boolean {
  const action = decodeButtonId(id)?.action;
  return action === undefined || !ACTIONS_WITHOUT_WRITING.includes(action);
}

/** Discord's limit, the strictest of the platforms. */
const MAX_ID_LENGTH = 100;
const MAX_INDEX = 15;
const JOB_ID = /^[0-9a-z]{1,64}$/;

/** @throws RangeError when the id could not be decoded again or would be refused by a platform. */
export function encodeButtonId(button: ButtonAction): string {
  const id = `v1:${button.action}:${button.jobId}:${button.index}`;
  if (id.length > MAX_ID_LENGTH || decodeButtonId(id) === undefined) throw new RangeError(`not a button id: ${id}`);
  return id;
}

/** Undefined for anything that `encodeButtonId` did not write. */
export function decodeButtonId(id: string): ButtonAction | undefined {
  const [version, action, jobId, index, ...rest] = id.split(':');
  const name = BUTTON_ACTIONS.find((known) => known === action);
  if (version !== 'v1' || name === undefined || rest.length > 0) return undefined;
  if (jobId === undefined || !JOB_ID.test(jobId)) return undefined;
  if (index === undefined || !/^\d{1,2}$/.test(index) || Number(index) > MAX_INDEX) return undefined;
  return { action: name, jobId, index: Number(index) };
}
