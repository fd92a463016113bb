import type { FormField } from '../src/core/form.ts';

/** Slack's limit for one menu. */
const MAX_CHOICES = 100;

export type FieldHead = Pick<FormField, 'name' | 'label' | 'value' | 'required' | 'placeholder'>;

/** A menu; more than one holds is typed instead, and read all the same. */
export function choiceField(head: FieldHead, choices: readonly string[]): FormField {
  return choices.length > MAX_CHOICES ? { ...head, kind: 'line' } : { ...head, kind: 'choice', choices };
}
