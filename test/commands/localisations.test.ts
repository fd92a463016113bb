import { describe, expect, it } from 'vitest';
import { commands, localisations, messageActions } from '../../commands/index.ts';

/** Discord's rule for names of commands and options, in lower case; and for those of message commands. */
const NAME = /^[-_\p{L}\p{N}]{1,32}$/u;
const MAX_DESCRIPTION_LENGTH = 100;
const MAX_ACTION_LENGTH = 32;

const english = commands.map(({ description }) => description);
const duplicates = (names: readonly string[]) => names.filter((name, index) => names.indexOf(name) < index);

it('speaks four languages beside English', () => {
  expect(Object.keys(localisations.commands).toSorted()).toEqual(['de', 'es-ES', 'fr', 'pt-BR']);
  expect(Object.keys(localisations.messageActions)).toEqual(Object.keys(localisations.commands));
});

describe.each(Object.entries(localisations.commands))('in %s', (locale, wordings) => {
  it('every command and every option is named and described, and nothing that there is not', () => {
    expect(Object.keys(wordings).toSorted()).toEqual(english.map(({ name }) => name).toSorted());
    for (const { name, options } of english) {
      const named = Object.keys(wordings[name]?.options ?? {});
      expect(named.toSorted(), name).toEqual(options.map((option) => option.name).toSorted());
    }
    const actions = localisations.messageActions[locale] ?? {};
    expect(Object.keys(actions)).toEqual(messageActions.map(({ description }) => description.action));
  });

  it('names and descriptions are what Discord takes', () => {
    const all = Object.values(wordings).flatMap((wording) => [wording, ...Object.values(wording.options)]);
    for (const { name, description } of all) {
      expect(name).toMatch(NAME);
      expect(name).toBe(name.toLowerCase());
      expect(description).not.toBe('');
      expect(description.length, description).toBeLessThanOrEqual(MAX_DESCRIPTION_LENGTH);
      expect(description).not.toMatch(/^\s|\s$|\s\s|\.$/);
    }
    for (const title of Object.values(localisations.messageActions[locale] ?? {})) {
      expect(title.length).toBeLessThanOrEqual(MAX_ACTION_LENGTH);
    }
  });

  it('no name stands for two things, be it in this language or beside an English one', () => {
    for (const { name, options } of english) {
      const wording = wordings[name];
      const theirs = Object.entries(wording?.options ?? {});
      expect(duplicates(theirs.map(([, option]) => option.name))).toEqual([]);
      for (const [own, option] of theirs) {
        const other = options.find((candidate) => candidate.name !== own && candidate.name === option.name);
        expect(other?.name, `${option.name} for ${own}`).toBeUndefined();
      }
      expect(english.some((command) => command.name !== name && command.name === wording?.name)).toBe(false);
    }
    expect(duplicates(Object.values(wordings).map(({ name }) => name))).toEqual([]);
    expect(duplicates(Object.values(localisations.messageActions[locale] ?? {}))).toEqual([]);
  });
});
