import type {
  Engine,
  EngineDescription,
  ExecutionOptions,
  GenerationSpec,
  InitPicture,
  Speed,
} from '../../engine/index.ts';
import type { OptionDescription } from '../core/command.ts';
import type { OptionValue } from '../core/request.ts';

/** What of the bot's configuration a single command needs. */
export interface CliConfig {
  readonly modelSources: readonly string[];
  readonly execution: ExecutionOptions;
  /** The negative prompt of a request that names none. */
  readonly negative: string;
  /** How exactly a request that does not say so is drawn; absent is exact. */
  readonly speed?: Speed;
  /** The operator's own styles. */
  readonly stylesFile?: string;
}

export interface CliInput {
  /** The prompt, in which flags count as in a channel. */
  readonly text: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

/** What the engine is asked for. */
export interface CliRequest {
  readonly spec: GenerationSpec;
  readonly init?: InitPicture;
  /** What was chosen without being asked for, a sentence each. */
  readonly notes: readonly string[];
}

/** A terminal, a file or a pipe. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** All that the command line is made of; a test gives its own. */
export interface CliDependencies {
  /** /imagine's, so that the command line knows the same options. */
  readonly options: readonly OptionDescription[];
  /** @param changes environment variables that count instead of those that are set. @throws EaselError */
  readConfig(changes?: Readonly<Record<string, string>>): CliConfig;
  /** @param previewEvery steps between previews, 0 for none */
  openEngine(config: CliConfig, previewEvery: number): Engine;
  /** Fetches and fits the picture to begin from, too. @throws BadInputError with one sentence */
  resolve(input: CliInput, engine: EngineDescription, config: CliConfig): Promise<CliRequest>;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}
