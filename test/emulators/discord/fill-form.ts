import { ComponentType } from 'discord.js';
import type { EmulatedInteraction } from './interactions.ts';

/** The form as it comes back: what was filled in, else what stood there. */
export function fillForm(
  components: NonNullable<EmulatedInteraction['modal']>['components'],
  values: Readonly<Record<string, string>>,
) {
  const unknown = new Set(Object.keys(values));
  const submitted = components.map((part, index) => {
    if (part.type !== ComponentType.Label) throw new Error('a form of labels is expected');
    const { component } = part;
    if (component.type === ComponentType.TextInput) {
      unknown.delete(component.custom_id);
      const value = values[component.custom_id] ?? component.value ?? '';
      if (component.required !== false && value === '') throw new Error(`${component.custom_id} is required`);
      if (value.length > (component.max_length ?? 4000)) throw new Error(`${component.custom_id} is too long`);
      const field = { type: component.type, id: index * 2 + 2, custom_id: component.custom_id, value };
      return { type: part.type, id: index * 2 + 1, component: field };
    }
    if (component.type !== ComponentType.StringSelect) throw new Error(`no form field of type ${component.type}`);
    unknown.delete(component.custom_id);
    const existing = component.options.filter((option) => option.default === true).map(({ value }) => value);
    const given = values[component.custom_id];
    const chosen = given === undefined ? existing : given === '' ? [] : [given];
    if (chosen.some((value) => !component.options.some((option) => option.value === value))) {
      throw new Error(`${component.custom_id} has no choice ${chosen.join()}`);
    }
    const field = { type: component.type, id: index * 2 + 2, custom_id: component.custom_id, values: chosen };
    return { type: part.type, id: index * 2 + 1, component: field };
  });
  if (unknown.size > 0) throw new Error(`the form has no ${[...unknown].join(', ')}`);
  return submitted;
}
