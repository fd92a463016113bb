// @ts-check
import { takeName } from './api.js';

/** @typedef {import('./api.js').Identity} Identity */

const TAB_KEY = 'easel.person';
const KNOWN_KEY = 'easel.people';

/**
 * Who this tab speaks as. The tab keeps its own identity, so two tabs can be two people; the browser remembers the
 * people it has been, so that the same name typed again is the same person.
 */

/** @returns {Identity | undefined} */
export function tabIdentity() {
  return read(sessionStorage, TAB_KEY);
}

/** The last name used in this browser. */
export function lastName() {
  return knownPeople().at(-1)?.person.name ?? '';
}

/**
 * @param {string} name
 * @returns {Promise<Identity>}
 */
export async function becomePerson(name) {
  const wanted = name.normalize('NFC').trim();
  const known = knownPeople().find((identity) => identity.person.name === wanted);
  return remember(known ?? (await takeName(wanted)));
}

/**
 * @param {Identity} identity
 * @param {string} name
 */
export async function renamePerson(identity, name) {
  return remember(await takeName(name, identity.token));
}

/** The server no longer knows this token. */
export function forgetPerson() {
  const token = tabIdentity()?.token;
  sessionStorage.removeItem(TAB_KEY);
  store(
    localStorage,
    KNOWN_KEY,
    knownPeople().filter((identity) => identity.token !== token),
  );
}

/** @returns {Identity[]} the last used last */
function knownPeople() {
  return read(localStorage, KNOWN_KEY) ?? [];
}

/** @param {Identity} identity */
function remember(identity) {
  store(sessionStorage, TAB_KEY, identity);
  const others = knownPeople().filter((known) => known.person.id !== identity.person.id);
  store(localStorage, KNOWN_KEY, [...others, identity].slice(-20));
  return identity;
}

/**
 * @param {Storage} storage
 * @param {string} key
 */
function read(storage, key) {
  try {
    return JSON.parse(storage.getItem(key) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {Storage} storage
 * @param {string} key
 * @param {unknown} value
 */
function store(storage, key, value) {
  storage.setItem(key, JSON.stringify(value));
}
