import type { ButtonActionName } from '../src/core/button.ts';
import { cancel, cancelPressed } from './cancel.ts';
import { channel } from './channel.ts';
import { channelForm } from './channel-form.ts';
import type { ButtonHandler, Command, FormHandler, MessageAction, Shortcut } from './context.ts';
import { deletePressed } from './delete.ts';
import { createHelp } from './help.ts';
import { homeShortcut } from './home.ts';
import { imagine } from './imagine.ts';
import { imagineForm, imagineShortcut } from './imagine-form.ts';
import { info } from './info.ts';
import { models } from './models.ts';
import { queue } from './queue.ts';
import { recipePressed } from './recipe.ts';
import { remixForm, remixPressed } from './remix.ts';
import { reroll } from './reroll.ts';
import { settings } from './settings.ts';
import { settingsForm } from './settings-form.ts';
import { show, showPressed } from './show.ts';
import { showRecipe } from './show-recipe.ts';
import { star } from './star.ts';
import { styles } from './styles.ts';
import { enlarge, upscale, upscaleFour, upscaleHalf } from './upscale.ts';
import { vary, varyStrong, varySubtle } from './vary.ts';
import { foundPressed } from './vary-found.ts';
import { varyThis } from './vary-this.ts';

export { localisations } from './localisations/index.ts';

/** Everything that can be done with anybody's message. */
export const messageActions: readonly MessageAction[] = [varyThis, showRecipe];

const working: readonly Command[] = [imagine, queue, cancel, show, settings, styles, models, info, channel];

/** Everything a person can say. */
export const commands: readonly Command[] = [
  ...working,
  createHelp({
    commands: working.map((command) => command.description),
    messageActions: messageActions.map((action) => action.description),
  }),
];

/** Everything a person can press. */
export const buttons: Readonly<Record<ButtonActionName, ButtonHandler>> = {
  reroll,
  vary,
  vary_subtle: varySubtle,
  vary_strong: varyStrong,
  upscale,
  upscale_1_5: upscaleHalf,
  upscale_4: upscaleFour,
  enlarge,
  remix: remixPressed,
  star,
  recipe: recipePressed,
  show: showPressed,
  cancel: cancelPressed,
  delete: deletePressed,
};

/** One of the pictures on somebody's message was chosen. */
export const chooseFound = foundPressed;

/** Everything a person can fill in. */
export const forms: readonly FormHandler[] = [remixForm, settingsForm, channelForm, imagineForm];

/** Everything that can be asked for without a message. */
export const shortcuts: readonly Shortcut[] = [imagineShortcut, homeShortcut];
