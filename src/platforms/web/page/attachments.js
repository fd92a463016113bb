// @ts-check
import { handOver, pictureUrl } from './api.js';
import { byId, el } from './dom.js';

/** @typedef {import('../wire.ts').WireUpload} WireUpload */

/** A picture to begin from, and its mask. */
const MOST = 2;
const TYPES = ['image/png', 'image/jpeg', 'image/webp'];

/**
 * Pictures that go along with what is said next: chosen, pasted, or dropped on the channel.
 * @param {object} context
 * @param {() => string | undefined} context.token
 * @param {() => void} context.onChange
 */
export function createAttachments({ token, onChange }) {
  const strip = byId('attachments', HTMLElement);
  const problem = byId('attachment-problem', HTMLElement);
  const picker = byId('picker', HTMLInputElement);
  /** @type {WireUpload[]} */
  let attached = [];

  function show() {
    strip.hidden = attached.length === 0;
    strip.replaceChildren(...attached.map(chipView));
    onChange();
  }

  /** @param {WireUpload} upload */
  function chipView(upload) {
    const remove = el('button', { type: 'button', title: 'Remove', 'aria-label': 'Remove the picture' }, '×');
    remove.addEventListener('click', () => {
      attached = attached.filter((other) => other !== upload);
      show();
    });
    const label = upload === attached[0] ? 'Init image' : 'Mask: white areas are drawn again';
    return el(
      'div',
      { class: 'chip' },
      el('img', { src: pictureUrl(upload.file), alt: '' }),
      el('span', {}, label),
      remove,
    );
  }

  /** @param {Iterable<File>} files */
  async function add(files) {
    problem.textContent = '';
    const who = token();
    if (who === undefined) return;
    for (const file of files) {
      if (!file.type.startsWith('image/')) continue;
      try {
        if (!TYPES.includes(file.type))
          throw new Error('Easel cannot read this file as a picture; give a PNG, JPEG or WebP.');
        if (attached.length >= MOST)
          throw new Error('You can attach at most two pictures: an init image and its mask.');
        attached = [...attached, await handOver(file, who)];
        show();
      } catch (error) {
        problem.textContent = error instanceof Error ? error.message : String(error);
      }
    }
  }

  byId('attach', HTMLButtonElement).addEventListener('click', () => picker.click());
  picker.addEventListener('change', async () => {
    await add(picker.files ?? []);
    picker.value = '';
  });
  document.addEventListener('paste', (event) => {
    const files = event.clipboardData?.files ?? new DataTransfer().files;
    if (files.length === 0 || document.querySelector('dialog[open]') !== null) return;
    event.preventDefault();
    void add(files);
  });
  document.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    document.body.classList.add('dropping');
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) document.body.classList.remove('dropping');
  });
  document.addEventListener('drop', (event) => {
    document.body.classList.remove('dropping');
    if (event.dataTransfer === null || event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    void add(event.dataTransfer.files);
  });

  return {
    /** What is attached goes along with one line, and is attached no more. */
    take() {
      const taken = attached;
      attached = [];
      problem.textContent = '';
      show();
      return taken;
    },
    count: () => attached.length,
  };
}
