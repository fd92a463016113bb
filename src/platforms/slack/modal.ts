import type { types } from '@slack/bolt';
import type { Form, FormField } from '../../core/form.ts';
import { truncate } from '../../core/truncate.ts';
import { undoEmojiCodes } from './emoji-codes.ts';

const MAX_TITLE = 24;
const MAX_LABEL = 2000;
const MAX_TEXT = 3000;
const MAX_PLACEHOLDER = 150;
const MAX_CHOICES = 100;
const MAX_CHOICE_TEXT = 75;
const MAX_CHOICE_VALUE = 75;
const FIELD = 'field:';
const WHERE = 'where';

/** Where a form was opened, which its answer does not say of itself. */
export interface FormPlace {
  /** Undefined where it was opened beside all channels: then the form asks. */
  readonly channelId?: string | undefined;
  readonly threadId?: string | undefined;
  /** Opened from the app's own page, which may say something else afterwards. */
  readonly isHome?: boolean;
}

/** What comes back of a form that was filled in. */
export interface FilledForm {
  readonly formId: string;
  /** By field name; fields left empty are "". */
  readonly values: Readonly<Record<string, string>>;
  readonly place: FormPlace;
}

/** The form as Slack's modal. */
export function renderModal(form: Form, place: FormPlace): types.ModalView {
  return {
    type: 'modal',
    callback_id: form.id,
    title: plain(form.title, MAX_TITLE),
    submit: plain(form.submitLabel, MAX_TITLE),
    close: plain('Close', MAX_TITLE),
    private_metadata: JSON.stringify(place),
    blocks: [...form.fields.map(renderField), ...(place.channelId === undefined ? [WHERE_BLOCK] : [])],
  };
}

type Submitted = Pick<types.ModalView, never> & {
  readonly callback_id: string;
  readonly private_metadata: string;
  readonly state: { readonly values: Readonly<Record<string, Readonly<Record<string, SubmittedValue>>>> };
};
interface SubmittedValue {
  readonly value?: string | null;
  readonly selected_option?: { readonly value?: string } | null;
  readonly selected_conversation?: string | null;
}

export function readModal({ callback_id, private_metadata, state }: Submitted): FilledForm {
  const values: Record<string, string> = {};
  for (const [blockId, actions] of Object.entries(state.values)) {
    if (!blockId.startsWith(FIELD)) continue;
    const [entry] = Object.values(actions);
    const typed = entry?.value === undefined || entry.value === null ? undefined : undoEmojiCodes(entry.value);
    values[blockId.slice(FIELD.length)] = typed ?? entry?.selected_option?.value ?? '';
  }
  const chosen = state.values[WHERE]?.[WHERE]?.selected_conversation;
  const opened = readPlace(private_metadata);
  const place = typeof chosen === 'string' ? { ...opened, channelId: chosen } : opened;
  return { formId: callback_id, values, place };
}

/** Under which field a sentence about a filled form stands: the one it names, or else the first. */
export function blockAbout(message: string, { values }: FilledForm): string {
  const names = Object.keys(values);
  const words = message.toLowerCase();
  return `${FIELD}${names.find((name) => words.includes(name.toLowerCase())) ?? names[0] ?? ''}`;
}

/** Under which block a sentence about the chosen channel stands; undefined when none was asked for. */
export function blockAboutPlace({ state }: Pick<Submitted, 'state'>): string | undefined {
  return WHERE in state.values ? WHERE : undefined;
}

function readPlace(metadata: string): FormPlace {
  try {
    const { channelId, threadId, isHome } = JSON.parse(metadata) as Record<string, unknown>;
    return {
      ...(typeof channelId === 'string' && { channelId }),
      ...(typeof threadId === 'string' && { threadId }),
      ...(isHome === true && { isHome }),
    };
  } catch {
    return {};
  }
}

const WHERE_BLOCK: types.InputBlock = {
  type: 'input',
  block_id: WHERE,
  optional: true,
  label: plain('Where', MAX_LABEL),
  hint: plain('Leave empty to use your messages with Easel', MAX_LABEL),
  element: {
    type: 'conversations_select',
    action_id: WHERE,
    default_to_current_conversation: true,
    filter: { include: ['public', 'private', 'im', 'mpim'] },
  },
};

function renderField(field: FormField): types.InputBlock {
  return {
    type: 'input',
    block_id: `${FIELD}${field.name}`,
    label: plain(field.label, MAX_LABEL),
    optional: !field.required,
    element: isMenu(field) ? renderMenu(field) : renderText(field),
  };
}

/** A choice is a menu; one that Slack's menus cannot hold is a line of text. */
function isMenu({ kind, choices = [] }: FormField): boolean {
  const fits = choices.every((choice) => choice.length > 0 && choice.length <= MAX_CHOICE_VALUE);
  return kind === 'choice' && choices.length > 0 && choices.length <= MAX_CHOICES && fits;
}

function renderMenu({ name, value, placeholder, choices = [] }: FormField): types.StaticSelect {
  const options = choices.map((choice) => ({ text: plain(choice, MAX_CHOICE_TEXT), value: choice }));
  const initial = options.find((option) => option.value === value);
  return {
    type: 'static_select',
    action_id: name,
    options,
    ...(initial !== undefined && { initial_option: initial }),
    ...(placeholder !== undefined && { placeholder: plain(placeholder, MAX_PLACEHOLDER) }),
  };
}

function renderText({ name, kind, value, placeholder, maxLength }: FormField): types.PlainTextInput {
  const limit = Math.min(maxLength ?? MAX_TEXT, MAX_TEXT);
  return {
    type: 'plain_text_input',
    action_id: name,
    multiline: kind === 'paragraph',
    max_length: limit,
    ...(value !== '' && { initial_value: truncate(value, limit) }),
    ...(placeholder !== undefined && { placeholder: plain(placeholder, MAX_PLACEHOLDER) }),
  };
}

function plain(text: string, maxLength: number): types.PlainTextElement {
  return { type: 'plain_text', text: truncate(text, maxLength), emoji: true };
}
