// @ts-check
import { randomId } from './dom.js';

/**
 * @typedef {import('../wire.ts').ChannelInfo} ChannelInfo
 * @typedef {import('../wire.ts').MessagePage} MessagePage
 * @typedef {import('../wire.ts').PostResult} PostResult
 * @typedef {import('../wire.ts').WirePerson} WirePerson
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
    headers['Content-Type'] = 'application/json';
    request.method = 'POST';
    request.body = JSON.stringify(body);
  }
  const { status, answer } = await fetchJson(path, request);
  if (status < 400) return answer;
  throw new Refused(status, answer?.error?.message ?? 'Easel could not answer; please try again.');
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
 * @param {string} line
 * @param {string} token
 * @param {string} requestId the same when it is sent again
 * @returns {Promise<PostResult>}
 */
export const postLine = (line, token, requestId) => call('api/messages', { body: { line, requestId }, token });

/**
 * @param {string} messageId
 * @param {string} button
 * @param {string} token
 * @returns {Promise<PostResult>}
 */
export const pressButton = (messageId, button, token) =>
  call(`api/messages/${encodeURIComponent(messageId)}/buttons`, { body: { button, requestId: randomId() }, token });

/** @param {string} file */
export const pictureUrl = (file) => `api/pictures/${encodeURIComponent(file)}`;
