import type { ButtonActionName } from '../src/core/button.ts';
import { createHelp } from './about/help.ts';
import { homeShortcut } from './about/home.ts';
import { info } from './about/info.ts';
import { models } from './about/models.ts';
import { styles } from './about/styles.ts';
import type { ButtonHandler, Command, FormHandler, MessageAction, Shortcut } from './context.ts';
import { imagine } from './imagine/imagine.ts';
import { imagineForm, imagineShortcut } from './imagine/imagine-form.ts';
import { cancel, cancelPressed } from './jobs/cancel.ts';
import { deletePressed } from './jobs/delete.ts';
import { queue } from './jobs/queue.ts';
import { show, showPressed } from './jobs/show.ts';
import { star } from './jobs/star.ts';
import { recipePressed } from './recipes/recipe.ts';
import { showRecipe } from './recipes/show-recipe.ts';
import { channel } from './settings/channel.ts';
import { channelForm } from './settings/channel-form.ts';
import { settings } from './settings/settings.ts';
import { settingsForm } from './settings/settings-form.ts';
import { remixForm, remixPressed } from './variations/remix.ts';
import { reroll } from './variations/reroll.ts';
import { enlarge, upscale, upscaleFour, upscaleHalf } from './variations/upscale.ts';
import { vary, varyStrong, varySubtle } from './variations/vary.ts';
import { candidatePressed } from './variations/vary-by-recipe.ts';
import { varyThis } from './variations/vary-message.ts';

export { localisations } from './localisations/index.ts';

/** All message actions. */
export const messageActions: readonly MessageAction[] = [varyThis, showRecipe];

const working: readonly Command[] = [imagine, queue, cancel, show, settings, styles, models, info, channel];

/** All commands. */
export const commands: readonly Command[] = [
  ...working,
  createHelp({
    commands: working.map((command) => command.description),
    messageActions: messageActions.map((action) => action.description),
  }),
];

/** All buttons. */
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
export const chooseCandidate = candidatePressed;

/** All forms. */
export const forms: readonly FormHandler[] = [remixForm, settingsForm, channelForm, imagineForm];

/** All shortcuts. */
export const shortcuts: readonly Shortcut[] = [imagineShortcut, homeShortcut];
