// @ts-check
import { pictureUrl } from './api.js';
import { byId } from './dom.js';

/** @typedef {import('../wire.ts').WirePicture} WirePicture */

/**
 * Opens a picture as large as the window allows, in whole multiples of its pixels where it is small.
 * @param {WirePicture} picture
 */
export function openViewer(picture) {
  const dialog = byId('viewer', HTMLDialogElement);
  const image = byId('viewer-image', HTMLImageElement);
  const download = byId('viewer-download', HTMLAnchorElement);
  const room = Math.min((window.innerWidth - 48) / picture.width, (window.innerHeight - 130) / picture.height);
  const scale = room > 1 ? Math.min(Math.floor(room), 4) : room;
  image.src = pictureUrl(picture.file);
  image.alt = picture.alt;
  image.width = Math.round(picture.width * scale);
  image.height = Math.round(picture.height * scale);
  byId('viewer-caption', HTMLElement).textContent = `${picture.width} × ${picture.height}`;
  download.href = image.src;
  download.download = picture.name;
  dialog.showModal();
}

/** Closes by its button, by Esc (the dialog's own), and by a click beside the picture. */
export function setUpViewer() {
  const dialog = byId('viewer', HTMLDialogElement);
  byId('viewer-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
}
