import type { View } from './workspace.ts';

interface Field {
  readonly block_id: string;
  readonly label: { readonly text: string };
  readonly optional?: boolean;
  readonly element: {
    readonly type: string;
    readonly action_id: string;
    readonly initial_value?: string;
    readonly initial_option?: Option;
    readonly options?: readonly Option[];
    readonly max_length?: number;
  };
}
interface Option {
  readonly value: string;
  readonly text: { readonly text: string };
}

/**
 * The form's fields, filled in beforehand or now, as Slack reports them.
 * @param values by label
 * @throws when a person could not fill it in so
 */
export function fill(
  { view }: View,
  values: Readonly<Record<string, string>>,
): Record<string, Record<string, unknown>> {
  const fields = view.blocks as readonly Field[];
  const unknown = Object.keys(values).filter((label) => !fields.some((field) => field.label.text === label));
  if (unknown.length > 0) throw new Error(`the form has no field ${unknown.join(', ')}`);
  return Object.fromEntries(
    fields.map((field) => [field.block_id, { [field.element.action_id]: answer(field, values[field.label.text]) }]),
  );
}

function answer({ element, label, optional }: Field, typed: string | undefined): Record<string, unknown> {
  const { type, initial_value, initial_option, options = [], max_length = 3000 } = element;
  switch (type) {
    case 'static_select': {
      const chosen = typed === undefined ? initial_option : options.find(({ value }) => value === typed);
      if (typed !== undefined && chosen === undefined) throw new Error(`${label.text} does not offer ${typed}`);
      if (chosen === undefined && optional !== true) throw new Error(`${label.text} must be chosen`);
      return { type, selected_option: chosen ?? null };
    }
    case 'conversations_select':
      return { type, selected_conversation: typed ?? null };
    default: {
      const value = typed ?? initial_value ?? null;
      if (value === null && optional !== true) throw new Error(`${label.text} must be filled in`);
      if ((value ?? '').length > max_length) throw new Error(`${label.text} is too long`);
      return { type, value };
    }
  }
}
