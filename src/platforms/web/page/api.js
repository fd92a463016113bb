// @ts-check
import { randomId } from './dom.js';

/**
 * @typedef {import('../wire.ts').ChannelInfo} ChannelInfo
 * @typedef {import('../wire.ts').MessagePage} MessagePage
 * @typedef {import('../wire.ts').PostResult} PostResult
 * @typedef {import('../wire.ts').WirePerson} WirePerson
 * @typedef {import('../wire.ts').WireUpload} WireUpload
 * @typedef {import('../../port.ts').Suggestion} Suggestion
 * @typedef {{ person: WirePerson, token: string }} Identity
 */

/** The server answered with a sentence for the person. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} sentence
   */
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** The server did not answer: the same request may be sent again. */
export class Unreachable extends Error {}

/**
 * @param {string} path
 * @param {{ body?: unknown, token?: string | undefined }} [options]
 * @returns {Promise<any>}
 */
async function call(path, { body, token } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  /** @type {RequestInit} */
  const request = { headers };
  if (body !== undefined) {
    const isPicture = body instanceof Blob;
    headers['Content-Type'] = isPicture ? body.type : 'application/json';
    request.method = 'POST';
    request.body = isPicture ? body : JSON.stringify(body);
  }
  const { status, answer } = await fetchJson(path, request);
  if (status < 400) return answer;
  throw new Refused(status, answer?.error?.message ?? 'Easel did not answer; please try again.');
}

/**
 * @param {string} path
 * @param {RequestInit} request
 */
async function fetchJson(path, request) {
  try {
    const response = await fetch(path, request);
    return { status: response.status, answer: await response.json() };
  } catch (cause) {
    throw new Unreachable('Easel is not reachable.', { cause });
  }
}

/** @returns {Promise<ChannelInfo>} */
export const readChannel = () => call('api/channel');

/**
 * @param {{ before?: string }} [options]
 * @returns {Promise<MessagePage>}
 */
export const readMessages = ({ before } = {}) =>
  call(before === undefined ? 'api/messages' : `api/messages?before=${encodeURIComponent(before)}`);

/**
 * A new person, or the token's person under a new name.
 * @param {string} name
 * @param {string} [token]
 * @returns {Promise<Identity>}
 */
export const takeName = (name, token) => call('api/people', { body: { name }, token });

/**
 * @param {{ line: string, attachments: readonly string[] }} said
 * @param {string} token
 * @param {string} requestId the same when it is sent again
 * @returns {Promise<PostResult>}
 */
export const postLine = (said, token, requestId) => call('api/messages', { body: { ...said, requestId }, token });

/**
 * @param {string} messageId
 * @param {string} button
 * @param {string} token
 * @returns {Promise<PostResult>}
 */
export const pressButton = (messageId, button, token) =>
  call(`api/messages/${encodeURIComponent(messageId)}/buttons`, { body: { button, requestId: randomId() }, token });

/**
 * A button of a private answer.
 * @param {string} button
 * @param {string} token
 * @returns {Promise<PostResult>}
 */
export const pressPrivately = (button, token) =>
  call('api/buttons', { body: { button, requestId: randomId() }, token });

/**
 * @param {string} messageId
 * @param {string} action
 * @param {string} token
 * @returns {Promise<PostResult>}
 */
export const runMessageAction = (messageId, action, token) =>
  call(`api/messages/${encodeURIComponent(messageId)}/actions`, { body: { action, requestId: randomId() }, token });

/**
 * @param {string} form
 * @param {Record<string, string>} values
 * @param {string} token
 * @param {string} requestId the same when it is sent again
 * @returns {Promise<PostResult>}
 */
export const sendForm = (form, values, token, requestId) =>
  call('api/forms', { body: { form, values, requestId }, token });

/**
 * @param {string} shortcut
 * @param {string} token
 * @returns {Promise<PostResult>}
 */
export const takeShortcut = (shortcut, token) =>
  call('api/shortcuts', { body: { shortcut, requestId: randomId() }, token });

/**
 * @param {{ command: string, option: string, typed: string }} typing
 * @param {string} token
 * @returns {Promise<readonly Suggestion[]>}
 */
export const suggest = (typing, token) => call('api/completions', { body: typing, token });

/**
 * Hands a picture over, to be attached to what is said next.
 * @param {Blob} picture
 * @param {string} token
 * @returns {Promise<WireUpload>}
 */
export const handOver = (picture, token) => call('api/uploads', { body: picture, token });

/** @param {string} file */
export const pictureUrl = (file) => `api/pictures/${encodeURIComponent(file)}`;
