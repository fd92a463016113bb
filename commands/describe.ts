export type { CommandDescription, OptionDescription } from '../src/core/command.ts';
