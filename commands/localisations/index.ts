import type { CommandWording, Localisations } from '../../src/core/command.ts';
import de from './de.json' with { type: 'json' };
import esEs from './es-ES.json' with { type: 'json' };
import fr from './fr.json' with { type: 'json' };
import ptBr from './pt-BR.json' with { type: 'json' };

interface Language {
  readonly commands: Readonly<Record<string, CommandWording>>;
  readonly messageActions: Readonly<Record<string, string>>;
}

/** By Discord's locale code. */
const LANGUAGES: Readonly<Record<string, Language>> = { de, 'es-ES': esEs, fr, 'pt-BR': ptBr };

/** Names and descriptions of commands, options and message actions in other languages than English. */
export const localisations: Localisations = {
  commands: mapLanguages(({ commands }) => commands),
  messageActions: mapLanguages(({ messageActions }) => messageActions),
};

function mapLanguages<Words>(pick: (language: Language) => Words): Readonly<Record<string, Words>> {
  return Object.fromEntries(Object.entries(LANGUAGES).map(([locale, language]) => [locale, pick(language)]));
}
