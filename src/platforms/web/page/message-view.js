// @ts-check
import { el } from './dom.js';
import { createReplyView } from './reply-view.js';
import { commandLineView, hueOf } from './spans.js';

/**
 * @typedef {import('../wire.ts').StandingMessage} StandingMessage
 * @typedef {import('../wire.ts').WirePerson} WirePerson
 * @typedef {{ element: HTMLLIElement, update(message: StandingMessage): void, note(content: HTMLElement): void }} MessageView
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
  return { element: el('li', { class: isEasel ? 'message reply' : 'message' }, article), content };
}

/**
 * @param {StandingMessage} message
 * @param {{ ownId(): string | undefined, onPress(messageId: string, buttonId: string, label: string): Promise<void> }} context
 * @returns {MessageView}
 */
export function createMessageView(message, context) {
  if (message.kind === 'command') {
    const { element, content } = rowView(message.author, message.at, commandLineView(message.line));
    element.id = `message-${message.id}`;
    return { element, update() {}, note: (note) => content.append(note) };
  }
  const reply = createReplyView({
    ownId: context.ownId,
    onPress: (buttonId, label) => context.onPress(message.id, buttonId, label),
  });
  reply.update(message.reply);
  const { element, content } = rowView('easel', message.at, reply.element);
  element.id = `message-${message.id}`;
  return {
    element,
    update: (next) => void (next.kind === 'reply' && reply.update(next.reply)),
    note(note) {
      for (const earlier of content.querySelectorAll(':scope > .private-note')) earlier.remove();
      content.append(note);
    },
  };
}
