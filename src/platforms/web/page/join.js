// @ts-check
import { byId } from './dom.js';
import { becomePerson, lastName, renamePerson, tabIdentity } from './identity.js';

/** @typedef {import('./identity.js').Identity} Identity */

/**
 * Asks who this tab is, below the messages, which can be read meanwhile.
 * @param {{ onOpen(): void, onClose(): void }} handlers
 */
export function createJoin({ onOpen, onClose }) {
  const form = byId('join', HTMLFormElement);
  const name = byId('name', HTMLInputElement);
  const cancel = byId('join-cancel', HTMLButtonElement);
  const problem = byId('join-problem', HTMLElement);

  /** @param {string} [sentence] why it is asked again */
  function open(sentence = '') {
    const current = tabIdentity();
    form.hidden = false;
    cancel.hidden = current === undefined;
    name.value = current?.person.name ?? lastName();
    problem.textContent = sentence;
    onOpen();
    name.focus();
    name.select();
  }

  function close() {
    form.hidden = true;
    onClose();
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const current = tabIdentity();
    try {
      await (current === undefined ? becomePerson(name.value) : renamePerson(current, name.value));
      close();
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    }
  });
  cancel.addEventListener('click', close);
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !cancel.hidden) close();
  });

  return { open };
}
