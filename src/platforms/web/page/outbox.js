// @ts-check
import { postLine, Refused } from './api.js';
import { el, randomId } from './dom.js';
import { rowView, saidView } from './message-view.js';
import { errorReply } from './private-note.js';

/**
 * @typedef {import('../wire.ts').PostResult} PostResult
 * @typedef {import('../wire.ts').PostedMessage} StandingMessage
 * @typedef {import('../wire.ts').WireUpload} WireUpload
 * @typedef {import('./identity.js').Identity} Identity
 */

/**
 * Sends command lines. A line stands in the list, pale, until the server has answered; when it cannot be reached the
 * line offers to be sent again, as the same request, so that it never counts twice.
 * @param {object} context
 * @param {() => Identity | undefined} context.identity
 * @param {(row: HTMLElement, at: number) => void} context.place
 * @param {(row: HTMLElement) => void} context.remove
 * @param {(message: StandingMessage) => void} context.onPosted
 * @param {(result: PostResult, place: import('./answers.js').Place) => void} context.onAnswer to this person alone
 * @param {() => void} context.onUnknownPerson
 */
export function createOutbox({ identity, place, remove, onPosted, onAnswer, onUnknownPerson }) {
  /**
   * @param {string} line
   * @param {readonly WireUpload[]} pictures
   */
  function send(line, pictures) {
    const who = identity();
    if (who === undefined) return onUnknownPerson();
    const { element, content } = rowView(who.person, Date.now(), saidView(line, pictures));
    element.classList.add('sending');
    place(element, Date.now());
    const attachments = pictures.map(({ upload }) => upload);
    deliver({ said: { line, attachments }, requestId: randomId(), element, content, who });
  }

  /**
   * @param {object} post
   * @param {Parameters<typeof postLine>[0]} post.said
   * @param {string} post.requestId
   * @param {HTMLElement} post.element
   * @param {HTMLElement} post.content
   * @param {Identity} post.who
   */
  async function deliver(post) {
    try {
      settle(post, await postLine(post.said, post.who.token, post.requestId));
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      if (!(error instanceof Refused)) return offerAgain(post, sentence);
      settle(post, { kind: 'private', reply: errorReply(sentence) });
      if (error.status === 401) onUnknownPerson();
    }
  }

  /**
   * @param {Parameters<typeof deliver>[0]} post
   * @param {PostResult} result
   */
  function settle({ element, content }, result) {
    element.classList.remove('sending');
    if (result.kind === 'posted') {
      remove(element);
      if (result.message !== undefined) onPosted(result.message);
      return;
    }
    element.classList.add('private');
    onAnswer(result, {
      note(note) {
        for (const earlier of content.querySelectorAll(':scope > .private-note')) earlier.remove();
        content.append(note);
      },
      clear: () => remove(element),
    });
  }

  /**
   * @param {Parameters<typeof deliver>[0]} post
   * @param {string} sentence
   */
  function offerAgain(post, sentence) {
    const again = el('button', { type: 'button', class: 'link' }, 'Send again');
    const discard = el('button', { type: 'button', class: 'link' }, 'Discard');
    const notice = el('p', { class: 'unsent', role: 'alert' }, `Not sent: ${sentence} `, again, ' ', discard);
    again.addEventListener('click', () => {
      notice.remove();
      deliver(post);
    });
    discard.addEventListener('click', () => remove(post.element));
    post.content.append(notice);
  }

  return { send };
}
