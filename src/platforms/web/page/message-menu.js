// @ts-check
import { el } from './dom.js';

/** @typedef {import('../../../core/command.ts').MessageActionDescription} MessageActionDescription */

/**
 * What can be done with anybody's message that has a picture.
 * @param {readonly MessageActionDescription[]} actions
 * @param {(action: MessageActionDescription) => void} onMessageAction
 */
export function messageMenu(actions, onMessageAction) {
  const items = actions.map((action) => {
    const item = el('button', { type: 'button' }, action.title);
    item.addEventListener('click', () => {
      menu.open = false;
      onMessageAction(action);
    });
    return item;
  });
  const opener = el('summary', { title: 'More', 'aria-label': 'More' }, '⋯');
  const menu = el('details', { class: 'menu' }, opener, el('div', { class: 'menu-items' }, ...items));
  menu.addEventListener('focusout', (event) => {
    if (!(event.relatedTarget instanceof Node && menu.contains(event.relatedTarget))) menu.open = false;
  });
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    menu.open = false;
    opener.focus();
  });
  return menu;
}
