// @ts-check

import { pictureUrl } from './api.js';
import { el } from './dom.js';
import { messageMenu } from './message-menu.js';
import { createReplyView } from './reply-view.js';
import { commandLineView, hueOf } from './spans.js';

/**
 * @typedef {import('../wire.ts').PostedMessage} StandingMessage
 * @typedef {import('../wire.ts').WirePerson} WirePerson
 * @typedef {import('../wire.ts').WirePicture} WirePicture
 * @typedef {import('../../../core/command.ts').MessageActionDescription} MessageActionDescription
 * @typedef {{ element: HTMLLIElement, update(message: StandingMessage): void, note(content: HTMLElement): void, clearNote(): void }} MessageView
 */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const FULL_DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** @param {WirePerson} person */
function avatarView(person) {
  const initial = [...person.name][0]?.toLocaleUpperCase() ?? '?';
  const avatar = el('span', { class: 'avatar', 'aria-hidden': 'true' }, initial);
  avatar.style.setProperty('--hue', String(hueOf(person.id)));
  return avatar;
}

const easelAvatar = () => el('img', { class: 'avatar', src: 'icon.svg', alt: '', width: 40, height: 40 });

/** @param {number} at */
function timeView(at) {
  const date = new Date(at);
  return el('time', { datetime: date.toISOString(), title: FULL_DATE.format(date) }, CLOCK.format(date));
}

/**
 * A row of the channel: who, when and what.
 * @param {WirePerson | 'easel'} author
 * @param {number} at milliseconds since the epoch
 * @param {HTMLElement} body
 */
export function rowView(author, at, body) {
  const isEasel = author === 'easel';
  const name = el('span', { class: 'author' }, isEasel ? 'Easel' : author.name);
  if (!isEasel) name.style.setProperty('--hue', String(hueOf(author.id)));
  const badge = isEasel ? [el('span', { class: 'badge' }, 'bot')] : [];
  const head = el('div', { class: 'head' }, name, ...badge, timeView(at));
  const content = el('div', { class: 'content' }, head, body);
  const label = `${isEasel ? 'Easel' : author.name}, ${CLOCK.format(new Date(at))}`;
  const article = el('article', { 'aria-label': label }, isEasel ? easelAvatar() : avatarView(author), content);
  return { element: el('li', { class: isEasel ? 'message reply' : 'message' }, article), head, content };
}

/**
 * What a person said, and the pictures they gave.
 * @param {string} line
 * @param {readonly WirePicture[]} pictures
 */
export function saidView(line, pictures = []) {
  if (pictures.length === 0) return commandLineView(line);
  const given = pictures.map(({ file, alt, width, height }) =>
    el('img', { src: pictureUrl(file), alt, width, height }),
  );
  return el('div', {}, commandLineView(line), el('div', { class: 'said-pictures' }, ...given));
}

/** @param {StandingMessage} message */
function hasPictures(message) {
  return message.kind === 'command'
    ? (message.pictures ?? []).length > 0
    : message.reply.state === 'done' && message.reply.pictures.length > 0;
}

/**
 * @param {StandingMessage} message
 * @param {object} context
 * @param {() => string | undefined} context.ownId
 * @param {(messageId: string, buttonId: string, label: string) => Promise<void>} context.onPress
 * @param {() => readonly MessageActionDescription[]} context.actions
 * @param {(messageId: string, action: MessageActionDescription) => void} context.onAct
 * @param {(messageId: string) => HTMLElement} context.parentView
 * @returns {MessageView}
 */
export function createMessageView(message, context) {
  const { element, head, content, update } =
    message.kind === 'command' ? commandView(message) : replyView(message, context);
  element.id = `message-${message.id}`;
  let hasMenu = false;

  /** @param {StandingMessage} next */
  function offerActions(next) {
    if (hasMenu || !hasPictures(next)) return;
    hasMenu = true;
    head.append(messageMenu(context.actions(), (action) => context.onAct(message.id, action)));
  }

  function clearNote() {
    for (const earlier of content.querySelectorAll(':scope > .private-note')) earlier.remove();
  }

  offerActions(message);
  return {
    element,
    update(next) {
      update(next);
      offerActions(next);
    },
    note(note) {
      clearNote();
      content.append(note);
    },
    clearNote,
  };
}

/** @param {StandingMessage & { kind: 'command' }} message */
function commandView({ author, at, line, pictures }) {
  return { ...rowView(author, at, saidView(line, pictures)), update() {} };
}

/**
 * @param {StandingMessage & { kind: 'reply' }} message
 * @param {Parameters<typeof createMessageView>[1]} context
 */
function replyView(message, { ownId, onPress, parentView }) {
  const reply = createReplyView({
    ownId,
    onPress: (buttonId, label) => onPress(message.id, buttonId, label),
    parentView,
  });
  reply.update(message.reply);
  return {
    ...rowView('easel', message.at, reply.element),
    /** @param {StandingMessage} next */
    update: (next) => void (next.kind === 'reply' && reply.update(next.reply)),
  };
}
