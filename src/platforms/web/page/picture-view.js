// @ts-check
import { pictureUrl } from './api.js';
import { el } from './dom.js';
import { openViewer } from './viewer.js';

/** @typedef {import('../wire.ts').WirePicture} WirePicture */

/**
 * CSS pixels of the longer side, window permitting. Small pictures and previews are enlarged to it, smoothly, so that
 * nothing jumps when one replaces the other: a grid of four 128 px pictures is shown at twice its size.
 */
const SHOWN_SIDE = 516;

/**
 * One picture of a message, from its first preview to the final, which opens large.
 */
export function createPictureView() {
  const image = el('img', { alt: '', decoding: 'async' });
  const element = el('button', { type: 'button', class: 'picture', hidden: true }, image);
  /** @type {WirePicture | undefined} */
  let wanted;
  let isFinal = false;
  /** A person has asked to see it. */
  let isRevealed = false;

  const isHidden = () => wanted?.spoiler === true && !isRevealed;

  element.addEventListener('click', () => {
    if (isHidden()) {
      isRevealed = true;
      if (wanted !== undefined) show(wanted);
    } else if (wanted !== undefined && isFinal) openViewer(wanted);
  });

  /**
   * @param {WirePicture} picture
   * @param {{ forming: boolean }} state
   */
  async function update(picture, { forming }) {
    isFinal = !forming;
    element.toggleAttribute('aria-disabled', forming);
    element.classList.toggle('forming', forming);
    if (picture.file === wanted?.file) return;
    wanted = picture;
    const next = new Image();
    next.src = pictureUrl(picture.file);
    try {
      await next.decode();
    } catch {
      // A preview that has been replaced meanwhile; the next one is on its way.
      if (forming) return;
    }
    if (wanted !== picture) return;
    show(picture);
  }

  /** @param {WirePicture} picture */
  function show(picture) {
    const ratio = picture.width / picture.height;
    element.style.setProperty('--ratio', String(ratio));
    element.style.setProperty('--shown-width', `${Math.round(Math.min(SHOWN_SIDE, SHOWN_SIDE * ratio))}px`);
    image.src = pictureUrl(picture.file);
    image.alt = isHidden() ? 'Hidden picture' : picture.alt;
    element.classList.toggle('spoiler', isHidden());
    element.title = isHidden() ? 'Show it' : isFinal ? 'Open large' : '';
    element.hidden = false;
  }

  return { element, update };
}
