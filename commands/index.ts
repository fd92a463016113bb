import type { ButtonActionName } from '../src/core/button.ts';
import type { Localisations } from '../src/core/command.ts';
import { cancel, cancelPressed } from './cancel.ts';
import type { ButtonHandler, Command, FormHandler, MessageAction, Shortcut } from './context.ts';
import { deletePressed } from './delete.ts';
import { createHelp } from './help.ts';
import { imagine } from './imagine.ts';
import { queue } from './queue.ts';
import { reroll } from './reroll.ts';
import { upscale } from './upscale.ts';
import { vary, varyStrong, varySubtle } from './vary.ts';

const working: readonly Command[] = [imagine, queue, cancel];

/** Everything a person can say. */
export const commands: readonly Command[] = [...working, createHelp(working.map((command) => command.description))];

/** Everything a person can press. */
export const buttons: Readonly<Record<ButtonActionName, ButtonHandler>> = {
  reroll,
  vary,
  vary_subtle: varySubtle,
  vary_strong: varyStrong,
  upscale,
  cancel: cancelPressed,
  delete: deletePressed,
};

/** Names and descriptions in other languages. */
export const localisations: Localisations = { commands: {}, messageActions: {} };

/** Everything a person can fill in. */
export const forms: readonly FormHandler[] = [];

/** Everything that can be done with anybody's message. */
export const messageActions: readonly MessageAction[] = [];

/** Everything that can be asked for without a message. */
export const shortcuts: readonly Shortcut[] = [];
