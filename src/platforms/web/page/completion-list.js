// @ts-check
import { suggest } from './api.js';
import { accept, complete, itemOf } from './completion.js';
import { announce, byId, el } from './dom.js';

/** @typedef {import('./completion.js').Completion} Completion */
/** @typedef {import('./completion.js').CommandDescription} CommandDescription */

/** Typing goes on before an answer would be of use. */
const TYPING_PAUSE_MS = 60;

/**
 * The list above the prompt box: follows what is typed, chosen by arrows and Tab or Enter, put away by Esc.
 * @param {HTMLTextAreaElement} prompt
 * @param {() => readonly CommandDescription[]} commands
 * @param {() => string | undefined} token
 */
export function createCompletionList(prompt, commands, token) {
  const panel = byId('completion', HTMLElement);
  const list = byId('completion-list', HTMLUListElement);
  const hint = byId('completion-hint', HTMLElement);
  /** @type {Completion} */
  let completion = { from: 0, to: 0, items: [], hint: '' };
  let chosen = 0;

  function close() {
    completion = { ...completion, items: [], hint: '' };
    show();
  }

  function refresh() {
    const before = completion.items.length;
    const hasSelection = prompt.selectionStart !== prompt.selectionEnd;
    completion = complete(prompt.value, hasSelection ? -1 : prompt.selectionStart, commands());
    // Enter sends what can be sent as it stands; an arrow or Tab takes an offer.
    chosen = completion.isOffer ? -1 : 0;
    show();
    announceCount(before);
    void askServer(completion);
  }

  /** @param {number} before */
  function announceCount(before) {
    const count = completion.items.length;
    if (count !== before && count > 0) announce(`${count} ${count === 1 ? 'completion' : 'completions'}`);
  }

  /**
   * What only the server knows, such as models and one's own pictures; unless something else was typed meanwhile.
   * @param {Completion} asked
   */
  async function askServer(asked) {
    const who = token();
    if (asked.ask === undefined || who === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, TYPING_PAUSE_MS));
    if (completion !== asked) return;
    try {
      const suggestions = await suggest(asked.ask, who);
      if (completion !== asked) return;
      completion = { ...asked, items: suggestions.map(itemOf) };
      show();
      announceCount(0);
    } catch {
      // It is typed without.
    }
  }

  function show() {
    panel.hidden = completion.items.length === 0 && completion.hint === '';
    list.hidden = completion.items.length === 0;
    hint.hidden = completion.hint === '';
    hint.textContent = completion.hint;
    list.replaceChildren(...completion.items.map(itemView));
    markChosen();
  }

  /**
   * @param {import('./completion.js').CompletionItem} item
   * @param {number} i
   */
  function itemView(item, i) {
    const view = el(
      'li',
      { role: 'option', id: `completion-${i}` },
      el('span', { class: 'completion-label' }, item.label),
      el('span', { class: 'completion-detail' }, item.detail),
      el('span', { class: 'completion-description' }, item.description),
    );
    // mousedown, not click: the prompt box keeps the focus.
    view.addEventListener('mousedown', (event) => {
      event.preventDefault();
      take(i);
    });
    return view;
  }

  function markChosen() {
    for (const [i, view] of [...list.children].entries()) {
      view.setAttribute('aria-selected', String(i === chosen));
      if (i === chosen) view.scrollIntoView({ block: 'nearest' });
    }
    if (completion.items.length === 0 || chosen === -1) prompt.removeAttribute('aria-activedescendant');
    else prompt.setAttribute('aria-activedescendant', `completion-${chosen}`);
  }

  /** @param {number} i */
  function take(i) {
    const item = completion.items[i];
    if (item === undefined) return;
    const { text, caret } = accept(prompt.value, completion, item);
    prompt.value = text;
    prompt.setSelectionRange(caret, caret);
    prompt.dispatchEvent(new Event('input', { bubbles: true }));
  }

  /** Enter sends when taking the item would change nothing but a trailing space. */
  function wouldChange() {
    const item = completion.items[chosen];
    return item !== undefined && accept(prompt.value, completion, item).text.trim() !== prompt.value.trim();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was for the list
   */
  function onKey(event) {
    if (panel.hidden) return false;
    if (event.key === 'Escape') {
      close();
      return true;
    }
    const count = completion.items.length;
    if (count === 0 || event.shiftKey) return false;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp':
        chosen = event.key === 'ArrowDown' ? (chosen + 1) % count : (Math.max(chosen, 0) + count - 1) % count;
        markChosen();
        return true;
      case 'Enter':
        if (!wouldChange()) return false;
        take(chosen);
        return true;
      case 'Tab':
        take(Math.max(chosen, 0));
        return true;
      default:
        return false;
    }
  }

  return { refresh, close, onKey };
}
