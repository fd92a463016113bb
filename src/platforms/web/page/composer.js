// @ts-check
import { createAttachments } from './attachments.js';
import { createCompletionList } from './completion-list.js';
import { byId } from './dom.js';
import { createHistory } from './history.js';

/** @typedef {import('./completion.js').CommandDescription} CommandDescription */

const DRAFT_KEY = 'easel.draft';

/**
 * The prompt box.
 * @param {object} options
 * @param {() => readonly CommandDescription[]} options.commands
 * @param {() => string | undefined} options.token
 * @param {(line: string, pictures: readonly import('../wire.ts').WireUpload[]) => void} options.onSend
 */
export function createComposer({ commands, token, onSend }) {
  const form = byId('composer', HTMLFormElement);
  const prompt = byId('prompt', HTMLTextAreaElement);
  const completions = createCompletionList(prompt, commands, token);
  const attachments = createAttachments({ token, onChange: onAttached });
  const history = createHistory(sessionStorage, 'easel.history');

  /** @param {string} text */
  function write(text) {
    prompt.value = text;
    prompt.setSelectionRange(text.length, text.length);
    grow();
  }

  function grow() {
    sessionStorage.setItem(DRAFT_KEY, prompt.value);
    prompt.style.height = 'auto';
    prompt.style.height = `${prompt.scrollHeight}px`;
  }

  function send() {
    const line = prompt.value.trim();
    if (line === '') return;
    history.add(line);
    write('');
    completions.close();
    onSend(line, attachments.take());
  }

  /** A picture alone says nothing yet. */
  function onAttached() {
    const command = commands().find(({ isDefault }) => isDefault === true);
    if (attachments.count() > 0 && prompt.value === '' && command !== undefined) write(`/${command.name} `);
    if (attachments.count() > 0) prompt.focus();
  }

  /** @param {KeyboardEvent} event */
  function onHistoryKey(event) {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return false;
    if (event.shiftKey || prompt.selectionStart !== prompt.selectionEnd) return false;
    const isOlder = event.key === 'ArrowUp';
    const toEdge = isOlder ? prompt.value.slice(0, prompt.selectionStart) : prompt.value.slice(prompt.selectionEnd);
    if (toEdge.trim() !== '' && !atEnd()) return false;
    const line = history.move(isOlder ? -1 : 1, prompt.value);
    if (line === undefined) return false;
    write(line);
    completions.close();
    return true;
  }

  /** One line of text: the arrows have nowhere to go in it. */
  function atEnd() {
    return prompt.selectionEnd === prompt.value.length && prompt.clientHeight < 48;
  }

  prompt.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (completions.onKey(event) || onHistoryKey(event)) event.preventDefault();
    else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  });
  prompt.addEventListener('input', () => {
    history.leave();
    grow();
    completions.refresh();
  });
  prompt.addEventListener('click', completions.refresh);
  prompt.addEventListener('blur', completions.close);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
    prompt.focus();
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    if (event.key !== '/' || isTyping || form.hidden || document.querySelector('dialog[open]') !== null) return;
    event.preventDefault();
    prompt.focus();
    if (prompt.value !== '') return;
    write('/');
    completions.refresh();
  });

  return {
    show() {
      form.hidden = false;
      write(prompt.value === '' ? (sessionStorage.getItem(DRAFT_KEY) ?? '') : prompt.value);
    },
    hide() {
      form.hidden = true;
    },
    focus: () => prompt.focus(),
    write,
  };
}
