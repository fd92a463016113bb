/** A command as every platform needs to know it: completion on the web, registration on Discord, help text. */
export interface CommandDescription {
  /** Without the slash. */
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionDescription[];
}

export interface OptionDescription {
  /** As a typed option; as a flag it is `--name`. */
  readonly name: string;
  /** Other flag spellings: `no` for `negative`. */
  readonly aliases: readonly string[];
  readonly description: string;
  readonly type: 'string' | 'integer' | 'number';
  readonly required: boolean;
  /** True for the option that takes the free text (the prompt). */
  readonly freeText: boolean;
  readonly min?: number;
  readonly max?: number;
  /** A closed list of values. */
  readonly choices?: readonly string[];
  readonly example: string;
}
