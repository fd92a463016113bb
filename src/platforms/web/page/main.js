// @ts-check
import { pressButton, Refused, readChannel, readMessages } from './api.js';
import { createComposer } from './composer.js';
import { announce, byId, el } from './dom.js';
import { follow } from './follow.js';
import { createJoin } from './join.js';
import { createMessageView } from './message-view.js';
import { createOutbox } from './outbox.js';
import { forgetPerson, tabIdentity } from './person.js';
import { errorReply, privateNote } from './private-note.js';
import { plainText } from './spans.js';
import { createTimeline } from './timeline.js';
import { setUpViewer } from './viewer.js';

/**
 * @typedef {import('../wire.ts').StandingMessage} StandingMessage
 * @typedef {import('../wire.ts').WireMessage} WireMessage
 * @typedef {import('./message-view.js').MessageView} MessageView
 */

/** @type {readonly import('./completion.js').CommandDescription[]} */
let commands = [];
/** @type {Map<string, MessageView>} */
const views = new Map();
const ownId = () => tabIdentity()?.person.id;

// --- the list ---

const older = byId('older', HTMLButtonElement);
const timeline = createTimeline({ onNearStart: () => void (!older.hidden && showOlder()) });
let isLoadingOlder = false;

async function showOlder() {
  if (isLoadingOlder) return;
  isLoadingOlder = true;
  try {
    const page = await readMessages({ before: String(Math.min(...[...views.keys()].map(Number))) });
    older.hidden = !page.hasMore;
    timeline.keepView(() => page.messages.forEach(show));
  } catch {
    // The connection line says that Easel is away; the button stays.
  } finally {
    isLoadingOlder = false;
  }
}
older.addEventListener('click', showOlder);

/** @param {StandingMessage} message */
function show(message) {
  const known = views.get(message.id);
  if (known !== undefined) return known.update(message);
  const view = createMessageView(message, { ownId, onPress: press });
  views.set(message.id, view);
  timeline.place(view.element, Number(message.id), message.at);
  updateWelcome();
}

/** @param {string} id */
function drop(id) {
  const view = views.get(id);
  if (view === undefined) return;
  views.delete(id);
  const hadFocus = view.element.contains(document.activeElement);
  timeline.remove(view.element);
  if (hadFocus) composer.focus();
  updateWelcome();
}

function updateWelcome() {
  byId('welcome', HTMLElement).hidden = byId('messages', HTMLElement).childElementCount > 0;
}

/** Reads the newest page; what stands here and is not on it, though it should be, was deleted meanwhile. */
async function load() {
  const [channel, page] = await Promise.all([readChannel(), readMessages()]);
  commands = channel.commands;
  document.title = channel.title;
  byId('title', HTMLElement).textContent = channel.title;
  const standing = new Set(page.messages.map((message) => message.id));
  const oldest = page.hasMore ? Number(page.messages[0]?.id ?? 0) : 0;
  for (const id of [...views.keys()]) if (Number(id) >= oldest && !standing.has(id)) drop(id);
  for (const message of page.messages) show(message);
  if (views.size === page.messages.length) older.hidden = !page.hasMore;
  updateWelcome();
  return page.cursor;
}

/** @param {WireMessage} message */
function onMessage(message) {
  if (message.kind === 'deleted') return drop(message.id);
  show(message);
  if (message.kind === 'reply' && message.reply.state !== 'running' && message.reply.state !== 'waiting') {
    announce(`Easel: ${message.reply.lines.map(plainText).join(' ')}`);
  }
}

// --- the person ---

const join = createJoin({
  onOpen: () => composer.hide(),
  onClose: () => {
    showComposer();
    composer.focus();
  },
});

function showComposer() {
  byId('rename', HTMLElement).textContent = tabIdentity()?.person.name ?? '';
  composer.show();
}
byId('rename', HTMLElement).addEventListener('click', () => join.open());

function onUnknownPerson() {
  forgetPerson();
  join.open('Easel does not know you any more; please join again.');
}

// --- saying and pressing ---

const outbox = createOutbox({
  identity: tabIdentity,
  place(row, at) {
    timeline.place(row, Math.max(0, ...[...views.keys()].map(Number)) + 0.5, at);
    updateWelcome();
    timeline.toEnd();
  },
  remove(row) {
    timeline.remove(row);
    updateWelcome();
  },
  onPosted: show,
  onUnknownPerson,
});
const composer = createComposer({ commands: () => commands, onSend: outbox.send });

/**
 * @param {string} messageId
 * @param {string} buttonId
 * @param {string} title
 */
async function press(messageId, buttonId, title) {
  const identity = tabIdentity();
  if (identity === undefined) return join.open('Please join first.');
  try {
    const result = await pressButton(messageId, buttonId, identity.token);
    if (result.kind === 'private') views.get(messageId)?.note(privateNote(result.reply, { ownId }));
    else announce(`${title}: asked for`);
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    views.get(messageId)?.note(privateNote(errorReply(sentence), { ownId }));
    if (error instanceof Refused && error.status === 401) onUnknownPerson();
  }
}

function showExamples() {
  for (const line of ['/imagine a red circle on a blue background', '/help']) {
    const example = el('button', { type: 'button', class: 'example' }, line);
    example.addEventListener('click', () => {
      if (tabIdentity() === undefined) return join.open();
      composer.write(line);
      composer.focus();
    });
    byId('examples', HTMLElement).append(example);
  }
}

const CONNECTION = { connecting: 'Connecting…', open: 'Connected', lost: 'Easel is not answering. Reconnecting…' };

setUpViewer();
showExamples();
if (tabIdentity() === undefined) join.open();
else showComposer();
follow({
  load,
  onMessage,
  onState(state) {
    const connection = byId('connection', HTMLElement);
    connection.dataset.state = state;
    if (connection.textContent !== CONNECTION[state]) connection.textContent = CONNECTION[state];
  },
});
