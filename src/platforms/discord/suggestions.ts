import {
  type APIApplicationCommandAutocompleteInteraction,
  type APIApplicationCommandOptionChoice,
  ApplicationCommandOptionType,
} from 'discord.js';
import { truncate } from '../../core/truncate.ts';
import type { Suggestion } from '../port.ts';

const MAX_CHOICES = 25;
const MAX_LENGTH = 100;

/** The suggestions that Discord can show; a value that is too long for it cannot be chosen and is left out. */
export function toChoices(
  suggestions: readonly Suggestion[],
  interaction: APIApplicationCommandAutocompleteInteraction,
): APIApplicationCommandOptionChoice[] {
  const focused = interaction.data.options?.find((option) => 'focused' in option && option.focused === true);
  const isNumeric =
    focused?.type === ApplicationCommandOptionType.Integer || focused?.type === ApplicationCommandOptionType.Number;
  return suggestions
    .filter(({ value }) => value !== '' && value.length <= MAX_LENGTH)
    .slice(0, MAX_CHOICES)
    .map(({ label, value }) => ({
      name: truncate(label === '' ? value : label, MAX_LENGTH),
      value: isNumeric ? Number(value) : value,
    }));
}
