// @ts-check

/** @typedef {import('../wire.ts').WireMessage} WireMessage */

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 5000;
/** A hidden tab lets go of its connection (a browser has six for one host) and resumes when it is seen again. */
const HIDDEN_CLOSE_MS = 30_000;

/**
 * Follows the channel's events and reconnects for as long as the page lives.
 * @param {object} handlers
 * @param {() => Promise<string>} handlers.load reads the channel again and gives the cursor to follow from
 * @param {(message: WireMessage) => void} handlers.onMessage
 * @param {(state: 'connecting' | 'open' | 'lost') => void} handlers.onState
 */
export function followEvents({ load, onMessage, onState }) {
  /** @type {EventSource | undefined} */
  let source;
  /** @type {string | undefined} */
  let cursor;
  let retryMs = FIRST_RETRY_MS;
  let timer = 0;

  function lost() {
    source?.close();
    source = undefined;
    onState('lost');
    clearTimeout(timer);
    timer = window.setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  }

  async function connect() {
    try {
      cursor ??= await load();
    } catch {
      return lost();
    }
    source = new EventSource(`api/events?after=${encodeURIComponent(cursor)}`);
    source.addEventListener('error', lost);
    source.addEventListener('hello', (event) => hello(JSON.parse(event.data)));
    source.addEventListener('message', (event) => {
      cursor = event.lastEventId;
      onMessage(JSON.parse(event.data));
    });
  }

  /** @param {{ resumed: boolean }} greeting */
  function hello({ resumed }) {
    retryMs = FIRST_RETRY_MS;
    if (resumed) return onState('open');
    // The server started again, or we were away too long.
    source?.close();
    cursor = undefined;
    connect();
  }

  function onVisibility() {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') {
      if (source === undefined) connect();
    } else {
      timer = window.setTimeout(() => {
        source?.close();
        source = undefined;
      }, HIDDEN_CLOSE_MS);
    }
  }

  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', () => source === undefined && connect());
  onState('connecting');
  connect();
}
