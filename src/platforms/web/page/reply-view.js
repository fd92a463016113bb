// @ts-check
import { el } from './dom.js';
import { labelView } from './icons.js';
import { createPictureView } from './picture-view.js';
import { spanView } from './spans.js';

/**
 * @typedef {import('../wire.ts').WireReply} WireReply
 * @typedef {import('../../../core/reply.ts').ReplyButton} ReplyButton
 * @typedef {(buttonId: string, label: string) => Promise<void>} Press
 */

/**
 * Shows a reply and turns it into its next form in place, so that pictures do not flicker and focus stays.
 * @param {{ ownId(): string | undefined, onPress: Press, parentView?(messageId: string): HTMLElement }} context
 */
export function createReplyView({ ownId, onPress, parentView }) {
  const parent = el('div', { class: 'parent-line', hidden: true });
  const lines = el('div', { class: 'lines' });
  const pictures = el('div', { class: 'pictures' });
  const progress = el('progress', { max: 1, 'aria-label': 'Progress' });
  const buttons = el('div', { class: 'buttons' });
  const element = el('div', { class: 'reply-body' }, parent, lines, pictures, progress, buttons);
  /** @type {ReturnType<typeof createPictureView>[]} */
  let pictureViews = [];
  let shownLines = '';
  let shownButtons = '';

  /** @param {WireReply} reply */
  function updatePictures(reply) {
    const forming = reply.state === 'waiting' || reply.state === 'running';
    // Between two previews a message may come without any; the last one stays until the state is final.
    if (forming && reply.pictures.length === 0) return;
    while (pictureViews.length > reply.pictures.length) pictureViews.pop()?.element.remove();
    for (const [i, picture] of reply.pictures.entries()) {
      const view = pictureViews[i] ?? createPictureView();
      if (pictureViews[i] === undefined) {
        pictureViews = [...pictureViews, view];
        pictures.append(view.element);
      }
      view.update(picture, { forming });
    }
    pictures.dataset.count = String(reply.pictures.length);
  }

  /** @param {WireReply} reply */
  function updateButtons(reply) {
    const key = JSON.stringify(reply.buttons);
    if (key === shownButtons) return;
    shownButtons = key;
    const focused = buttons.contains(document.activeElement) ? focusedId() : undefined;
    buttons.replaceChildren(...reply.buttons.map((row) => rowView(row, onPress)));
    if (focused !== undefined) focusAgain(focused);
  }

  function focusedId() {
    return document.activeElement instanceof HTMLElement ? (document.activeElement.dataset.button ?? '') : '';
  }

  /** @param {string} id */
  function focusAgain(id) {
    const all = [...buttons.querySelectorAll('button')];
    (all.find((button) => button.dataset.button === id) ?? all[0])?.focus({ preventScroll: true });
  }

  /** @param {WireReply} reply */
  function update(reply) {
    element.dataset.state = reply.state;
    if (parent.hidden && reply.parent !== undefined && parentView !== undefined) {
      parent.replaceChildren(parentView(reply.parent));
      parent.hidden = false;
    }
    const key = JSON.stringify(reply.lines);
    if (key !== shownLines) {
      shownLines = key;
      lines.replaceChildren(...reply.lines.map((line) => el('p', {}, ...line.map((span) => spanView(span, ownId())))));
    }
    updatePictures(reply);
    progress.hidden = reply.state !== 'running' || reply.progress === undefined;
    if (reply.progress !== undefined) progress.value = reply.progress;
    updateButtons(reply);
  }

  return { element, update };
}

/**
 * @param {readonly ReplyButton[]} row
 * @param {Press} onPress
 */
function rowView(row, onPress) {
  return el('div', { class: 'button-row', role: 'group' }, ...row.map((button) => buttonView(button, onPress)));
}

/**
 * @param {ReplyButton} button
 * @param {Press} onPress
 */
function buttonView(button, onPress) {
  const view = el(
    'button',
    { type: 'button', class: button.style, title: button.title, 'data-button': button.id },
    // "U1" can be said to a voice control and is part of the name; 🔄 is for the eye only.
    el('span', { 'aria-hidden': !/[\p{L}\p{N}]/u.test(button.label) && 'true' }, ...labelView(button.label)),
    el('span', { class: 'unseen' }, ` ${button.title}`),
  );
  view.addEventListener('click', async () => {
    // aria-disabled rather than disabled: the focus stays where it is.
    if (view.getAttribute('aria-disabled') === 'true') return;
    view.setAttribute('aria-disabled', 'true');
    try {
      await onPress(button.id, button.title);
    } finally {
      view.removeAttribute('aria-disabled');
    }
  });
  return view;
}
