// @ts-check
import { announce, byId, el } from './dom.js';
import { plainText } from './spans.js';

/**
 * @typedef {import('../../../core/form.ts').Form} Form
 * @typedef {import('../../../core/form.ts').FormField} FormField
 * @typedef {import('../wire.ts').PostResult} PostResult
 */

/**
 * Opens a form over the channel. What is wrong with it is said in it, and nothing that was typed is lost.
 * @param {Form} form
 * @param {object} handlers
 * @param {(values: Record<string, string>) => Promise<PostResult>} handlers.send
 * @param {(result: PostResult) => void} handlers.onSent
 */
export function openForm(form, { send, onSent }) {
  const dialog = byId('form', HTMLDialogElement);
  const problem = el('p', { class: 'problem', role: 'alert' });
  const submit = el('button', { type: 'submit', class: 'primary' }, form.submitLabel);
  const cancel = el('button', { type: 'button', class: 'quiet' }, 'Cancel');
  const inputs = form.fields.map((field) => /** @type {const} */ ([field.name, inputView(field)]));
  const fields = form.fields.map((field, i) => fieldView(field, inputs[i]?.[1] ?? el('input')));
  const body = el(
    'form',
    { class: 'form-body', novalidate: true, autocomplete: 'off' },
    el('h2', { id: 'form-title' }, form.title),
    el('div', { class: 'form-fields' }, ...fields),
    problem,
    el('div', { class: 'form-foot' }, cancel, submit),
  );
  cancel.addEventListener('click', () => dialog.close());
  body.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) body.requestSubmit();
  });
  body.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled') === 'true') return;
    submit.setAttribute('aria-disabled', 'true');
    problem.textContent = '';
    try {
      const result = await send(Object.fromEntries(inputs.map(([name, input]) => [name, input.value])));
      if (result.kind === 'private' && result.reply.state === 'error') {
        problem.textContent = result.reply.lines.map(plainText).join(' ');
        return;
      }
      dialog.close();
      onSent(result);
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
    } finally {
      submit.removeAttribute('aria-disabled');
    }
  });
  dialog.replaceChildren(body);
  dialog.showModal();
  inputs[0]?.[1].focus();
  announce(form.title);
}

/** Characters of a placeholder that a field of half the width shows whole; a longer one stands below it. */
const MAX_PLACEHOLDER = 26;

/** @param {FormField} field */
function hintOf({ kind, placeholder = '' }) {
  const fits = kind === 'paragraph' || (kind === 'line' && placeholder.length <= MAX_PLACEHOLDER);
  return fits ? '' : placeholder;
}

/** @param {FormField} field */
function inputView(field) {
  const { name, value, required, kind, maxLength, placeholder } = field;
  const common = { id: `field-${name}`, name, required };
  if (kind === 'choice') {
    const choices = field.choices ?? [];
    const all = value === '' || choices.includes(value) ? choices : [value, ...choices];
    const none = required ? [] : [el('option', { value: '' }, '–')];
    const select = el('select', common, ...none, ...all.map((choice) => el('option', { value: choice }, choice)));
    select.value = value;
    return select;
  }
  const limits = {
    ...(maxLength !== undefined && { maxlength: maxLength }),
    placeholder: hintOf(field) === '' ? (placeholder ?? '') : '',
  };
  const input =
    kind === 'paragraph'
      ? el('textarea', { ...common, ...limits, rows: 3 })
      : el('input', { ...common, ...limits, type: 'text', spellcheck: 'false' });
  input.value = value;
  return input;
}

/**
 * @param {FormField} field
 * @param {HTMLElement} input
 */
function fieldView(field, input) {
  const { name, label, kind } = field;
  const hint = hintOf(field);
  const hints = hint === '' ? [] : [el('span', { class: 'field-hint', id: `hint-${name}` }, hint)];
  if (hint !== '') input.setAttribute('aria-describedby', `hint-${name}`);
  const title = el('label', { for: `field-${name}` }, label);
  return el('div', { class: kind === 'paragraph' ? 'field wide' : 'field' }, title, input, ...hints);
}
