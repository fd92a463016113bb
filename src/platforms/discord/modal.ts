import {
  type APIComponentInModalActionRow,
  type APILabelComponent,
  type APIModalInteractionResponseCallbackData,
  type APIModalSubmission,
  ComponentType,
  type ModalSubmitLabelComponent,
  TextInputStyle,
} from 'discord.js';
import type { Form, FormField } from '../../core/form.ts';
import { truncate } from '../../core/truncate.ts';

const MAX_FIELDS = 5;
const MAX_TITLE_LENGTH = 45;
const MAX_LABEL_LENGTH = 45;
const MAX_TEXT_LENGTH = 4000;
const MAX_PLACEHOLDER_LENGTH = 100;
const MAX_CHOICES = 25;
const MAX_CHOICE_LENGTH = 100;

/**
 * The form as Discord's modal. A choice is a menu; one that Discord's menus cannot hold is a line of text.
 * @throws RangeError for more than 5 fields
 */
export function renderModal(form: Form): APIModalInteractionResponseCallbackData {
  if (form.fields.length > MAX_FIELDS) {
    throw new RangeError(`form ${form.id} has ${form.fields.length} fields, and Discord shows ${MAX_FIELDS}`);
  }
  return {
    custom_id: form.id,
    title: truncate(form.title, MAX_TITLE_LENGTH),
    components: form.fields.map(
      (field): APILabelComponent => ({
        type: ComponentType.Label,
        label: truncate(field.label, MAX_LABEL_LENGTH),
        component: isMenu(field) ? renderMenu(field) : renderText(field),
      }),
    ),
  };
}

/** What was filled in, by field name; a menu where nothing is chosen gives "". */
export function readModal({ components }: APIModalSubmission): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const component of components) {
    if (component.type !== ComponentType.Label) continue;
    const [name, value] = readField(component.component);
    if (name !== undefined) values[name] = value;
  }
  return values;
}

function readField(field: ModalSubmitLabelComponent['component']): readonly [name: string | undefined, value: string] {
  switch (field.type) {
    case ComponentType.TextInput:
      return [field.custom_id, field.value];
    case ComponentType.StringSelect:
      return [field.custom_id, field.values[0] ?? ''];
    default:
      return [undefined, ''];
  }
}

function isMenu({ kind, choices = [] }: FormField): boolean {
  const fits = choices.every((choice) => choice.length > 0 && choice.length <= MAX_CHOICE_LENGTH);
  return kind === 'choice' && choices.length > 0 && choices.length <= MAX_CHOICES && fits;
}

function renderMenu(field: FormField): APIComponentInModalActionRow | APILabelComponent['component'] {
  return {
    type: ComponentType.StringSelect,
    custom_id: field.name,
    required: field.required,
    min_values: field.required ? 1 : 0,
    max_values: 1,
    ...(field.placeholder !== undefined && { placeholder: truncate(field.placeholder, MAX_PLACEHOLDER_LENGTH) }),
    options: (field.choices ?? []).map((choice) => ({
      label: choice,
      value: choice,
      default: choice === field.value,
    })),
  };
}

function renderText(field: FormField): APILabelComponent['component'] {
  const maxLength = Math.min(field.maxLength ?? MAX_TEXT_LENGTH, MAX_TEXT_LENGTH);
  return {
    type: ComponentType.TextInput,
    custom_id: field.name,
    style: field.kind === 'paragraph' ? TextInputStyle.Paragraph : TextInputStyle.Short,
    required: field.required,
    max_length: maxLength,
    ...(field.value !== '' && { value: truncate(field.value, maxLength) }),
    ...(field.placeholder !== undefined && { placeholder: truncate(field.placeholder, MAX_PLACEHOLDER_LENGTH) }),
  };
}
