// @ts-check
import { readMessages } from './api.js';
import { byId } from './dom.js';
import { createMessageView } from './message-view.js';

/**
 * @typedef {import('../wire.ts').MessagePage} MessagePage
 * @typedef {import('../wire.ts').PostedMessage} StandingMessage
 * @typedef {import('../wire.ts').WireMessage} WireMessage
 * @typedef {import('./message-view.js').MessageView} MessageView
 */

/**
 * The channel's messages from the oldest one loaded to the newest, without a gap.
 * @param {object} parts
 * @param {ReturnType<typeof import('./timeline.js').createTimeline>} parts.timeline
 * @param {Parameters<typeof createMessageView>[1]} parts.context
 * @param {() => void} parts.onFocusLost the message that had the focus is gone
 */
export function createMessageList({ timeline, context, onFocusLost }) {
  /** @type {Map<string, MessageView>} */
  const views = new Map();
  /** @type {Map<string, StandingMessage>} */
  const messages = new Map();
  const older = byId('older', HTMLButtonElement);
  /** Messages with a smaller number are not loaded, though they may change. */
  let oldestLoaded = 0;
  let isLoadingOlder = false;

  /** @param {StandingMessage} message */
  function show(message) {
    messages.set(message.id, message);
    const known = views.get(message.id);
    if (known !== undefined) return known.update(message);
    const view = createMessageView(message, context);
    views.set(message.id, view);
    timeline.place(view.element, Number(message.id), message.at);
  }

  /** @param {string} id */
  function drop(id) {
    const view = views.get(id);
    if (view === undefined) return;
    views.delete(id);
    messages.delete(id);
    const hadFocus = view.element.contains(document.activeElement);
    timeline.remove(view.element);
    if (hadFocus) onFocusLost();
  }

  /** @param {MessagePage} page */
  function reachTo(page) {
    oldestLoaded = page.hasMore ? Number(page.messages[0]?.id ?? 0) : 0;
    older.hidden = !page.hasMore;
  }

  async function loadOlder() {
    if (isLoadingOlder || older.hidden) return;
    isLoadingOlder = true;
    try {
      const page = await readMessages({ before: String(oldestLoaded) });
      reachTo(page);
      timeline.keepView(() => page.messages.forEach(show));
    } catch {
      // The connection line says that Easel is away; the button stays.
    } finally {
      isLoadingOlder = false;
    }
  }
  older.addEventListener('click', loadOlder);

  return {
    show,
    loadOlder,
    /**
     * Takes the newest page as it stands: what is not on it, though it should be, was deleted meanwhile.
     * @param {MessagePage} page
     */
    load(page) {
      const standing = new Set(page.messages.map((message) => message.id));
      const continues = [...views.keys()].some((id) => standing.has(id));
      const first = continues && page.hasMore ? Number(page.messages[0]?.id ?? 0) : 0;
      for (const id of [...views.keys()]) if (Number(id) >= first && !standing.has(id)) drop(id);
      if (!continues) reachTo(page);
      for (const message of page.messages) show(message);
    },
    /** @param {WireMessage} message */
    receive(message) {
      if (message.kind === 'deleted') drop(message.id);
      else if (Number(message.id) >= oldestLoaded) show(message);
    },
    /** @param {string} id */
    find: (id) => messages.get(id),
    newestId: () => Math.max(0, ...[...views.keys()].map(Number)),
    /**
     * Puts a note below a message.
     * @param {string} id
     * @param {HTMLElement} note
     */
    note: (id, note) => views.get(id)?.note(note),
    /** @param {string} id */
    clearNote: (id) => views.get(id)?.clearNote(),
  };
}
