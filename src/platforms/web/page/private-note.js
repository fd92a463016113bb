// @ts-check
import { announce, el } from './dom.js';
import { createReplyView } from './reply-view.js';
import { plainText } from './spans.js';

/** @typedef {import('../wire.ts').WireReply} WireReply */

/**
 * A reply that only this tab sees.
 * @param {WireReply} reply
 * @param {object} context
 * @param {() => string | undefined} context.ownId
 * @param {import('./reply-view.js').Press} context.onPress
 * @param {() => void} context.onDismiss
 */
export function privateNote(reply, { ownId, onPress, onDismiss }) {
  const view = createReplyView({ ownId, onPress });
  view.update(reply);
  const dismiss = el('button', { type: 'button', class: 'link' }, 'Dismiss');
  const note = el(
    'div',
    { class: 'private-note' },
    view.element,
    el('p', { class: 'private-foot' }, 'Only you can see this. ', dismiss),
  );
  dismiss.addEventListener('click', () => {
    note.remove();
    onDismiss();
  });
  announce(reply.lines.map(plainText).join(' '));
  return note;
}

/**
 * A sentence from the page itself, in a private reply's form.
 * @param {string} sentence
 * @returns {WireReply}
 */
export function errorReply(sentence) {
  return { state: 'error', lines: [[{ kind: 'text', text: sentence }]], pictures: [], buttons: [] };
}
