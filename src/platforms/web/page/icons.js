// @ts-check

/**
 * Drawings for what replies write as emoji, so that buttons look alike wherever the page is opened, also where there is
 * no font for them. Strokes on a square of 24.
 * @type {Readonly<Record<string, string>>}
 */
const PATHS = {
  '🔄': 'M20 5v5h-5M4 19v-5h5M5.6 9.5A7 7 0 0 1 18 7.6L20 10M18.4 14.5A7 7 0 0 1 6 16.4L4 14',
  '✏️': 'm4.5 19.5 1-4.3L16 4.7a1.8 1.8 0 0 1 2.6 0l.7.7a1.8 1.8 0 0 1 0 2.6L8.8 18.5zM14.2 6.5l3.3 3.3',
  '⭐': 'm12 4 2.5 5.1 5.6.8-4.1 4 1 5.6-5-2.7-5 2.7 1-5.6-4.1-4 5.6-.8z',
  '📄': 'M7 3.8h7l4 4v12.4H7zM14 3.8v4h4M10 12h5M10 15.5h5',
  '🗑': 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.2 10.5v5.5M13.8 10.5v5.5',
  '❌': 'm6 6 12 12M18 6 6 18',
  '🎨': 'M12 4a8 8 0 1 0 0 16c1.6 0 2-1 1.6-2.1-.5-1.3.3-2.4 1.7-2.4H17a3 3 0 0 0 3-3C20 7.7 16.4 4 12 4zM8 11.2h.01M11 8h.01M15 8.7h.01',
};

/** Parts of a label: emoji that have a drawing, and the text between them. */
const PARTS = new RegExp(`(${Object.keys(PATHS).join('|')})`, 'u');

/**
 * A label with its emoji drawn.
 * @param {string} label
 * @returns {Node[]}
 */
export function labelView(label) {
  return label
    .split(PARTS)
    .filter((part) => part !== '')
    .map((part) => {
      const path = PATHS[part];
      return path === undefined ? document.createTextNode(part) : iconView(path);
    });
}

/** @param {string} path */
function iconView(path) {
  const icon = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('class', 'icon');
  icon.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', path);
  icon.append(line);
  return icon;
}
