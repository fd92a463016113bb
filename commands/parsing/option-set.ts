import type { OptionDescription } from '../../src/core/command.ts';

/** What one command takes, by any spelling that a person may use. */
export interface OptionSet<Name extends string = string> {
  /** The command's name, for sentences: `/help imagine`. */
  readonly command: string;
  readonly options: readonly NamedOption<Name>[];
  /** Options whose value, unless quoted, is all the text up to the next flag. */
  readonly textOptions: readonly Name[];
  /** Every spelling that `find` knows. */
  readonly spellings: readonly string[];
  /** By name or alias, in any case: phones capitalise. */
  find(spelling: string): NamedOption<Name> | undefined;
  named(name: Name): NamedOption<Name>;
}

/** An option whose name the compiler knows. */
export interface NamedOption<Name extends string> extends OptionDescription {
  readonly name: Name;
}

/** @param command its name, without the slash @param textOptions see `OptionSet` */
export function createOptionSet<const Options extends readonly OptionDescription[]>(
  command: string,
  described: Options,
  textOptions: readonly Options[number]['name'][],
): OptionSet<Options[number]['name']> {
  const options: readonly NamedOption<Options[number]['name']>[] = described;
  const find = (spelling: string) => {
    const name = spelling.toLowerCase();
    return options.find((option) => option.name === name || option.aliases.includes(name));
  };
  return {
    command,
    options,
    textOptions,
    spellings: options.flatMap((option) => [option.name, ...option.aliases]),
    find,
    named: (name) => {
      const option = find(name);
      if (option === undefined) throw new RangeError(`no option ${name}`);
      return option;
    },
  };
}
