/** A command as every platform needs to know it: completion on the web, registration on Discord, help text. */
export interface CommandDescription {
  /** Without the slash. */
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionDescription[];
  /** Pictures that can be given with it where the platform takes files with commands, in the order in which they count. */
  readonly pictures?: readonly PictureDescription[];
  /** Only those who moderate the channel see and may use it. */
  readonly moderatorsOnly?: boolean;
  /** A sentence that names no command is the text of this one. At most one command says so. */
  readonly isDefault?: boolean;
  /** It lists the others. At most one command says so. */
  readonly isHelp?: boolean;
  /** It shows who is waiting, and how far their pictures are. At most one command says so. */
  readonly showsQueue?: boolean;
  /** It shows finished pictures again. At most one command says so. */
  readonly showsPictures?: boolean;
  /** The shortcut that opens a form of all its options; see `ShortcutRequest`. */
  readonly formShortcut?: string;
}

/** What a platform may need a command for without knowing it by name. */
export type CommandRole = 'isDefault' | 'isHelp' | 'showsQueue' | 'showsPictures';

/** The name, without the slash, of the command that says this of itself; undefined where there is none. */
export function commandNamed(commands: readonly CommandDescription[], role: CommandRole): string | undefined {
  return commands.find((command) => command[role] === true)?.name;
}

/** A picture that a command takes as a file. */
export interface PictureDescription {
  readonly name: string;
  readonly description: string;
}

/** One option of a command. */
export interface OptionDescription {
  /** As a typed option; as a flag it is `--name`. */
  readonly name: string;
  /** Other flag spellings: `no` for `negative`. */
  readonly aliases: readonly string[];
  readonly description: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean';
  readonly required: boolean;
  /** True for the option that takes the free text (the prompt). */
  readonly freeText: boolean;
  readonly min?: number;
  readonly max?: number;
  /** A closed list of values. */
  readonly choices?: readonly string[];
  /** Values come from `Complete` while typing: a list that is long or that changes. */
  readonly completes?: boolean;
  readonly example: string;
}

/** An action on any message, in the platform's message menu. */
export interface MessageActionDescription {
  readonly action: string;
  readonly title: string;
}

/** Names and descriptions in one other language; a name obeys Discord's rule for command names, in lower case. */
export interface CommandWording {
  readonly name: string;
  readonly description: string;
  /** By the option's English name. */
  readonly options: Readonly<Record<string, { readonly name: string; readonly description: string }>>;
}

/** By Discord's locale code, then by the command's English name, or the message action's. */
export interface Localisations {
  readonly commands: Readonly<Record<string, Readonly<Record<string, CommandWording>>>>;
  readonly messageActions: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
