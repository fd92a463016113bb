// @ts-check
import { byId, el } from './dom.js';

/** Nearer than this to the end, in CSS pixels, new messages scroll into view by themselves. */
const NEAR_END = 60;
const NEAR_START = 300;

const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

/**
 * The scrolling list: keeps its rows in order, days apart, and the end in view unless the person looks elsewhere.
 * @param {{ onNearStart(): void, onChange(rows: number): void }} handlers
 */
export function createTimeline({ onNearStart, onChange }) {
  const scroller = byId('scroller', HTMLElement);
  const list = byId('messages', HTMLOListElement);
  const newest = byId('newest', HTMLButtonElement);
  let follows = true;
  let lastTop = 0;
  let hasUnseen = false;

  /** @param {boolean} unseen whether there is a message below the view that came after the person scrolled away */
  function offerNewest(unseen) {
    hasUnseen = unseen;
    newest.hidden = follows || !unseen;
  }

  function toEnd() {
    follows = true;
    offerNewest(false);
    scroller.scrollTop = scroller.scrollHeight;
  }

  scroller.addEventListener('scroll', () => {
    // Only a person scrolls upwards; the list growing meanwhile is no reason to stop following it.
    if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END) follows = true;
    else if (scroller.scrollTop < lastTop) follows = false;
    lastTop = scroller.scrollTop;
    offerNewest(hasUnseen && !follows);
    if (scroller.scrollTop < NEAR_START) onNearStart();
  });
  newest.addEventListener('click', toEnd);
  const keepEnd = new ResizeObserver(() => follows && toEnd());
  keepEnd.observe(byId('column', HTMLElement));
  keepEnd.observe(scroller);

  const rows = () => /** @type {HTMLElement[]} */ ([...list.children]).filter((row) => row.dataset.order !== undefined);

  /**
   * @param {HTMLElement} row
   * @param {number} order rows stand in ascending order
   * @param {number} at milliseconds since the epoch
   */
  function place(row, order, at) {
    const before = rows().findLast((other) => Number(other.dataset.order) <= order);
    row.dataset.order = String(order);
    row.dataset.day = DAY.format(at);
    if (before === undefined) list.prepend(row);
    else before.after(row);
    separateDays();
    onChange(rows().length);
    if (row.nextElementSibling === null) offerNewest(true);
  }

  function separateDays() {
    for (const separator of list.querySelectorAll('.day')) separator.remove();
    let day = '';
    for (const row of rows()) {
      if (row.dataset.day === day) continue;
      day = row.dataset.day ?? '';
      row.before(el('li', { class: 'day' }, el('span', {}, day === DAY.format(Date.now()) ? 'Today' : day)));
    }
  }

  /** @param {HTMLElement} row */
  function remove(row) {
    row.remove();
    separateDays();
    onChange(rows().length);
  }

  /**
   * Runs a change above the view without moving what is seen.
   * @param {() => void} change
   */
  function keepView(change) {
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    change();
    if (!follows) scroller.scrollTop = scroller.scrollHeight - fromEnd;
  }

  return { place, remove, toEnd, keepView };
}
