// @ts-check
import { pressButton, Refused, readChannel, readMessages } from './api.js';
import { createComposer } from './composer.js';
import { announce, byId, el } from './dom.js';
import { follow } from './follow.js';
import { createJoin } from './join.js';
import { createMessageList } from './message-list.js';
import { createOutbox } from './outbox.js';
import { forgetPerson, tabIdentity } from './person.js';
import { errorReply, privateNote } from './private-note.js';
import { plainText } from './spans.js';
import { createTimeline } from './timeline.js';
import { setUpViewer } from './viewer.js';

/** @typedef {import('../wire.ts').WireMessage} WireMessage */

/** @type {readonly import('./completion.js').CommandDescription[]} */
let commands = [];
const ownId = () => tabIdentity()?.person.id;

// --- the list ---

const timeline = createTimeline({ onNearStart: () => void list.loadOlder(), onChange: updateWelcome });
const list = createMessageList({
  timeline,
  context: { ownId, onPress: press },
  onFocusLost: () => composer.focus(),
});

/** @param {number} rows */
function updateWelcome(rows) {
  byId('welcome', HTMLElement).hidden = rows > 0;
}

async function load() {
  const [channel, page] = await Promise.all([readChannel(), readMessages()]);
  commands = channel.commands;
  document.title = channel.title;
  byId('title', HTMLElement).textContent = channel.title;
  list.load(page);
  updateWelcome(page.messages.length);
  return page.cursor;
}

/** @param {WireMessage} message */
function onMessage(message) {
  list.receive(message);
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
    timeline.place(row, list.newestId() + 0.5, at);
    timeline.toEnd();
  },
  remove: timeline.remove,
  onPosted: list.show,
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
    if (result.kind === 'private') list.note(messageId, privateNote(result.reply, { ownId }));
    else announce(`${title}: asked for`);
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    list.note(messageId, privateNote(errorReply(sentence), { ownId }));
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
else {
  showComposer();
  // Where a pointer is coarse the focus would bring up the keyboard.
  if (matchMedia('(pointer: fine)').matches) composer.focus();
}
follow({
  load,
  onMessage,
  onState(state) {
    const connection = byId('connection', HTMLElement);
    connection.dataset.state = state;
    if (connection.textContent !== CONNECTION[state]) connection.textContent = CONNECTION[state];
  },
});
