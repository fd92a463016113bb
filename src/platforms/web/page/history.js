// @ts-check

const KEPT_LINES = 100;

/**
 * The lines this tab has sent, for ↑ and ↓.
 * @param {Storage} storage
 * @param {string} key
 */
export function createHistory(storage, key) {
  /** @type {string[]} */
  const lines = JSON.parse(storage.getItem(key) ?? '[]');
  let place = lines.length;
  let draft = '';

  return {
    /** @param {string} line */
    add(line) {
      if (lines.at(-1) !== line) lines.push(line);
      lines.splice(0, lines.length - KEPT_LINES);
      place = lines.length;
      storage.setItem(key, JSON.stringify(lines));
    },
    /** Typing again starts from the newest line again. */
    leave() {
      place = lines.length;
    },
    /**
     * @param {-1 | 1} direction -1 is older
     * @param {string} current what the box holds
     * @returns {string | undefined} undefined at either end
     */
    move(direction, current) {
      const next = place + direction;
      if (next < 0 || next > lines.length) return undefined;
      if (place === lines.length) draft = current;
      place = next;
      return place === lines.length ? draft : lines[place];
    },
  };
}
