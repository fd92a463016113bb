// @ts-check
import { el } from './dom.js';

/**
 * @typedef {import('../../../core/reply.ts').Span} Span
 * @typedef {import('../wire.ts').WirePerson} WirePerson
 */

/**
 * @param {Span} span
 * @param {string | undefined} ownId
 * @returns {Node}
 */
export function spanView(span, ownId) {
  switch (span.kind) {
    case 'text':
      return document.createTextNode(span.text);
    case 'strong':
      return el('strong', {}, span.text);
    case 'code':
      return el('code', {}, span.text);
    case 'user':
      return mentionView(span.user, ownId);
  }
}

/**
 * @param {WirePerson} person
 * @param {string | undefined} ownId
 */
function mentionView(person, ownId) {
  const mention = el('span', { class: person.id === ownId ? 'mention own' : 'mention' }, `@${person.name}`);
  mention.style.setProperty('--hue', String(hueOf(person.id)));
  return mention;
}

/** @param {readonly Span[]} line */
export function plainText(line) {
  return line.map((span) => (span.kind === 'user' ? span.user.name : span.text)).join('');
}

/**
 * A command line with its command and flags set apart from the prompt.
 * @param {string} line
 */
export function commandLineView(line) {
  const view = el('p', { class: 'command-line' });
  for (const part of line.split(/(^\/\S+|(?<=\s)--\S+)/)) {
    if (part === '') continue;
    view.append(/^(\/|--)\S/.test(part) ? el('span', { class: part[0] === '/' ? 'command' : 'flag' }, part) : part);
  }
  return view;
}

/**
 * The same colour for the same person everywhere.
 * @param {string} id
 */
export function hueOf(id) {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 3600;
  return (hash * 137) % 360;
}
