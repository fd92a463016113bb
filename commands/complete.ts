import type { EngineDescription } from '../engine/index.ts';
import type { Suggestion, Typing } from '../src/platforms/port.ts';
import type { CommandContext } from './context.ts';
import { findOption } from './options.ts';

/** Discord shows no more. */
const MAX_SUGGESTIONS = 25;
const MAX_LABEL_LENGTH = 100;

/** Values of an option that hold what is typed, those that begin with it first. */
export async function complete(typing: Typing, context: CommandContext): Promise<readonly Suggestion[]> {
  const typed = typing.typed.trim().toLowerCase();
  const values = valuesOf(typing.option, context.engine);
  const ranked = values
    .map((suggestion) => ({ suggestion, at: suggestion.label.toLowerCase().indexOf(typed) }))
    .filter(({ at }) => at !== -1)
    .toSorted((a, b) => Number(a.at > 0) - Number(b.at > 0));
  return ranked.slice(0, MAX_SUGGESTIONS).map(({ suggestion }) => suggestion);
}

function valuesOf(option: string, engine: EngineDescription): readonly Suggestion[] {
  if (option === 'model') {
    return engine.models.map(({ id, title }) => ({
      label: [...(title === id ? id : `${id} – ${title}`)].slice(0, MAX_LABEL_LENGTH).join(''),
      value: id,
    }));
  }
  return (findOption(option)?.choices ?? []).map((choice) => ({ label: choice, value: choice }));
}
