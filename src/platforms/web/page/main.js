// @ts-check
import { createAnswers } from './answers.js';
import { pictureUrl, pressButton, readChannel, readMessages, runMessageAction, takeShortcut } from './api.js';
import { createComposer } from './composer.js';
import { announce, byId, el } from './dom.js';
import { followEvents } from './event-source.js';
import { forgetPerson, tabIdentity } from './identity.js';
import { createJoin } from './join.js';
import { createMessageList } from './message-list.js';
import { rowView } from './message-view.js';
import { createOutbox } from './outbox.js';
import { plainText } from './spans.js';
import { createTimeline } from './timeline.js';
import { setUpViewer } from './viewer.js';

/** @typedef {import('../wire.ts').WireMessage} WireMessage */

/** @type {readonly import('./completion.js').CommandDescription[]} */
let commands = [];
/** @type {readonly import('./message-menu.js').MessageActionDescription[]} */
let actions = [];
const ownId = () => tabIdentity()?.person.id;

// --- the list ---

const timeline = createTimeline({ onNearStart: () => void list.loadOlder(), onChange: updateWelcome });
const list = createMessageList({
  timeline,
  context: { ownId, onPress: press, actions: () => actions, onAct: act, parentView },
  onFocusLost: () => composer.focus(),
});

/** @param {number} rows */
function updateWelcome(rows) {
  byId('welcome', HTMLElement).hidden = rows > 0;
}

async function load() {
  const [channel, page] = await Promise.all([readChannel(), readMessages()]);
  commands = channel.commands;
  actions = channel.messageActions;
  showExamples();
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
  byId('bar-actions', HTMLElement).hidden = false;
  byId('rename', HTMLElement).textContent = tabIdentity()?.person.name ?? '';
  composer.show();
}
byId('rename', HTMLElement).addEventListener('click', () => join.open());

function onUnknownPerson() {
  forgetPerson();
  join.open('Your session is no longer valid; please join again.');
}

// --- saying and pressing ---

const answers = createAnswers({
  identity: tabIdentity,
  onStranger: () => join.open('Please join first.'),
  onUnknownPerson,
});
const outbox = createOutbox({
  identity: tabIdentity,
  place(row, at) {
    timeline.place(row, list.newestId() + 0.5, at);
    timeline.toEnd();
  },
  remove: timeline.remove,
  onPosted: list.show,
  onAnswer: answers.receive,
  onUnknownPerson,
});
const composer = createComposer({
  commands: () => commands,
  token: () => tabIdentity()?.token,
  onSend: outbox.send,
});

/**
 * @param {string} messageId
 * @param {string} buttonId
 * @param {string} title
 */
function press(messageId, buttonId, title) {
  return answers.ask((token) => pressButton(messageId, buttonId, token), below(messageId), title);
}

/**
 * @param {string} messageId
 * @param {import('./message-menu.js').MessageActionDescription} action
 */
function act(messageId, action) {
  void answers.ask((token) => runMessageAction(messageId, action.action, token), below(messageId), action.title);
}

/**
 * @param {string} messageId
 * @returns {import('./answers.js').Place}
 */
function below(messageId) {
  return { note: (note) => list.note(messageId, note), clear: () => list.clearNote(messageId) };
}

/**
 * A row of its own at the end of the channel, for answers to what no message asked.
 * @returns {import('./answers.js').Place}
 */
function atEnd() {
  /** @type {HTMLElement | undefined} */
  let row;
  return {
    note(note) {
      if (row !== undefined) timeline.remove(row);
      row = rowView('easel', Date.now(), note).element;
      row.classList.add('private');
      timeline.place(row, list.newestId() + 0.5, Date.now());
      timeline.toEnd();
    },
    clear() {
      if (row !== undefined) timeline.remove(row);
      row = undefined;
    },
  };
}

/**
 * A link to the message that is answered, with its picture where it is loaded.
 * @param {string} messageId
 */
function parentView(messageId) {
  const parent = list.find(messageId);
  const reply = parent?.kind === 'reply' ? parent.reply : undefined;
  const [picture] = reply?.pictures ?? (parent?.kind === 'command' ? (parent.pictures ?? []) : []);
  const said = reply?.lines[0]?.find((span) => span.kind === 'strong');
  const words = said !== undefined && 'text' in said ? said.text : 'an earlier picture';
  const shown = picture !== undefined && picture.spoiler !== true;
  const thumbnail = shown ? [el('img', { src: pictureUrl(picture.file), alt: '' })] : [];
  const link = el('button', { type: 'button', class: 'parent' }, ...thumbnail, el('span', {}, words));
  link.title = 'Go to the original picture';
  link.addEventListener('click', () => pointAt(messageId));
  return link;
}

/** @param {string} messageId */
function pointAt(messageId) {
  const row = document.getElementById(`message-${messageId}`);
  if (row === null) return announce('That message is not loaded yet or was deleted.');
  row.scrollIntoView({ block: 'center', behavior: 'smooth' });
  row.classList.remove('pointed-at');
  requestAnimationFrame(() => row.classList.add('pointed-at'));
}

const defaultCommand = () => commands.find(({ isDefault }) => isDefault === true);

for (const [button, shortcutOf, said] of /** @type {const} */ ([
  ['all-options', () => defaultCommand()?.formShortcut, 'All options'],
  ['yours', () => 'home', 'Yours'],
])) {
  const place = atEnd();
  byId(button, HTMLButtonElement).addEventListener('click', () => {
    const shortcut = shortcutOf();
    if (shortcut !== undefined) void answers.ask((token) => takeShortcut(shortcut, token), place, said);
  });
}

/** A line that the command understands. @param {import('./completion.js').CommandDescription} command */
function exampleOf({ name, options, isDefault }) {
  const free = options.find(({ freeText }) => freeText);
  return isDefault === true && free !== undefined ? `/${name} ${free.example}` : `/${name}`;
}

function showExamples() {
  const examples = [defaultCommand(), commands.find(({ isHelp }) => isHelp === true)];
  const lines = examples.flatMap((command) => (command === undefined ? [] : [exampleOf(command)]));
  byId('prompt', HTMLTextAreaElement).placeholder = lines[0] ?? '';
  byId('examples', HTMLElement).replaceChildren();
  for (const line of lines) {
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
if (tabIdentity() === undefined) join.open();
else {
  showComposer();
  // Where a pointer is coarse the focus would bring up the keyboard.
  if (matchMedia('(pointer: fine)').matches) composer.focus();
}
followEvents({
  load,
  onMessage,
  onState(state) {
    const connection = byId('connection', HTMLElement);
    connection.dataset.state = state;
    if (connection.textContent !== CONNECTION[state]) connection.textContent = CONNECTION[state];
  },
});
