import { type APIModalInteractionResponseCallbackData, ComponentType } from 'discord.js';

const MAX_PARTS = 5;

/** What Discord enforces of modals and its schema does not say. */
export function modalProblems({ components }: APIModalInteractionResponseCallbackData): string[] {
  const problems: string[] = [];
  if (components.length > MAX_PARTS) problems.push(`components: Must be between 1 and ${MAX_PARTS} in length.`);
  const inner = components.flatMap((part) => {
    if (part.type === ComponentType.Label) return [part.component];
    return part.type === ComponentType.ActionRow ? part.components : [];
  });
  const ids = inner.flatMap((part) => ('custom_id' in part ? [part.custom_id] : []));
  if (new Set(ids).size < ids.length) problems.push('components: Component custom id cannot be duplicated');
  for (const part of inner) {
    if (part.type === ComponentType.TextInput) {
      const { value = '', max_length = 4000, min_length = 0 } = part;
      if (value.length > max_length) problems.push(`${part.custom_id}: value is longer than max_length`);
      if (min_length > max_length) problems.push(`${part.custom_id}: min_length is above max_length`);
    }
    if (part.type === ComponentType.StringSelect) {
      const values = part.options.map(({ value }) => value);
      if (new Set(values).size < values.length) problems.push(`${part.custom_id}: option values are not unique`);
      const chosen = part.options.filter((option) => option.default === true).length;
      if (chosen > (part.max_values ?? 1)) problems.push(`${part.custom_id}: too many defaults`);
      if (part.required === false && (part.min_values ?? 1) > 0)
        problems.push(`${part.custom_id}: optional, but min_values`);
    }
  }
  return problems;
}
