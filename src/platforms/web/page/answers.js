// @ts-check
import { pressPrivately, Refused, sendForm } from './api.js';
import { announce, randomId } from './dom.js';
import { openForm } from './form-dialog.js';
import { errorReply, privateNote } from './private-note.js';

/**
 * @typedef {import('../wire.ts').PostResult} PostResult
 * @typedef {import('../wire.ts').WireReply} WireReply
 * @typedef {import('./api.js').Identity} Identity
 * @typedef {{ note(content: HTMLElement): void, clear?(): void }} Place where a private answer is shown
 */

/**
 * Asks the server and shows what it answers: a note where the person asked, a form, or nothing, because the channel
 * shows it.
 * @param {object} context
 * @param {() => Identity | undefined} context.identity
 * @param {() => void} context.onStranger nobody has joined in this tab
 * @param {() => void} context.onUnknownPerson the server does not know the token
 */
export function createAnswers({ identity, onStranger, onUnknownPerson }) {
  /**
   * @param {(token: string) => Promise<PostResult>} send
   * @param {Place} place
   * @param {string} said what was asked for, for those who do not see it appear
   */
  async function ask(send, place, said) {
    const who = identity();
    if (who === undefined) return onStranger();
    try {
      const result = await send(who.token);
      receive(result, place);
      if (result.kind === 'posted') announce(`${said}: requested`);
    } catch (error) {
      show(errorReply(sentenceOf(error)), place);
      if (error instanceof Refused && error.status === 401) onUnknownPerson();
    }
  }

  /**
   * @param {PostResult} result
   * @param {Place} place
   */
  function receive(result, place) {
    switch (result.kind) {
      case 'posted':
        return place.clear?.();
      case 'private':
        return show(result.reply, place);
      case 'form':
        return fillIn(result.form, place);
    }
  }

  /**
   * @param {WireReply} reply
   * @param {Place} place
   */
  function show(reply, place) {
    place.note(
      privateNote(reply, {
        ownId: () => identity()?.person.id,
        onPress: (button, title) => ask((token) => pressPrivately(button, token), place, title),
        onDismiss: () => place.clear?.(),
      }),
    );
  }

  /**
   * @param {import('../../../core/form.ts').Form} form
   * @param {Place} place
   */
  function fillIn(form, place) {
    // The same request until it is answered: a form that is sent again never counts twice.
    let requestId = randomId();
    openForm(form, {
      async send(values) {
        const result = await sendForm(form.id, values, identity()?.token ?? '', requestId);
        requestId = randomId();
        return result;
      },
      onSent: (result) => receive(result, place),
    });
  }

  return { ask, receive, show };
}

/** @param {unknown} error */
export const sentenceOf = (error) => (error instanceof Error ? error.message : String(error));
