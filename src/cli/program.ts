import { Command, CommanderError } from 'commander';
import { fileOf, isEngineError, resolveModelPlace } from '../../engine/index.ts';
import { EaselError } from '../core/errors.ts';
import { runBench } from './bench.ts';
import { runImagine } from './imagine.ts';
import { listSamplers, listStyles } from './lists.ts';
import { toShellMessage } from './shell-messages.ts';
import type { CliConfig, CliDependencies } from './types.ts';

export type { CliDependencies } from './types.ts';

/** What the shell is told. Bad input is 2, as for shells' own commands. */
const EXIT = { done: 0, failed: 1, badInput: 2 } as const;

/**
 * Runs one command line. Trouble becomes a sentence on stderr and an exit code; it never rejects.
 * @param args without node and the program's path
 */
export async function runCli(args: readonly string[], parts: CliDependencies): Promise<number> {
  try {
    await createProgram(parts).parseAsync([...args], { from: 'user' });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    parts.stderr.write(`${describeTrouble(error)}\n`);
    return isBadInput(error) ? EXIT.badInput : EXIT.failed;
  }
}

function createProgram(parts: CliDependencies): Command {
  const program = new Command('easel')
    .description('Draw pictures from the command line, without a channel.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => parts.stdout.write(text),
      // Its errors are told by `describeTrouble`, once and in one sentence.
      writeErr: () => undefined,
      outputError: () => undefined,
    });
  addImagine(program, parts);
  addBench(program, parts);
  addLists(program, parts);
  return program;
}

function addImagine(program: Command, parts: CliDependencies): void {
  const command = program
    .command('imagine <prompt>')
    .description('draw a picture from a prompt and write it to a PNG file')
    .requiredOption('--out <file.png>', 'output file; several pictures are written to FILE-1.png, FILE-2.png, …')
    .option('--json', 'print one line of JSON: seed, sizes, files and timings in milliseconds')
    .option('--model <folder>', 'a model folder, a .safetensors checkpoint, or a Hugging Face Hub name');
  for (const { name, description, type, example, freeText } of parts.options) {
    if (freeText || name === 'model') continue;
    const value = type === 'string' ? 'value' : 'number';
    command.option(`--${name} <${value}>`, `${lowerFirst(description)}, such as ${example}`);
  }
  command.action((prompt: string, { out, json, model, ...options }: Record<string, string> & { json?: true }) =>
    runImagine(
      { input: { text: prompt, options }, out: String(out), asJson: json === true },
      configFor(parts, model),
      parts,
    ),
  );
}

function addBench(program: Command, parts: CliDependencies): void {
  program
    .command('bench')
    .description('measure loading, guided steps and decoding, and the pictures a minute that they make')
    .option('--json', 'print one line of JSON, times in milliseconds')
    .option('--model <folder>', 'a model folder, a .safetensors checkpoint, or a Hugging Face Hub name')
    .option('--width <number>', "width in pixels (default: the model's)")
    .option('--height <number>', "height in pixels (default: the model's)")
    .option('--count <number>', 'pictures drawn together, 1 to 4 (default: 1)')
    .option('--provider <name>', 'instead of EASEL_PROVIDER')
    .option('--precision <name>', 'instead of EASEL_PRECISION')
    .action(({ json, model, provider, precision, ...options }: Record<string, string> & { json?: true }) => {
      const changes = {
        ...(provider !== undefined && { EASEL_PROVIDER: provider }),
        ...(precision !== undefined && { EASEL_PRECISION: precision }),
      };
      return runBench({ options, asJson: json === true }, configFor(parts, model, changes), parts);
    });
}

function addLists(program: Command, parts: CliDependencies): void {
  program
    .command('samplers')
    .description('list the samplers that --sampler accepts')
    .action(() => void parts.stdout.write(`${listSamplers()}\n`));
  program
    .command('styles')
    .description('list the styles that --style accepts, including those of EASEL_STYLES')
    .action(() => void parts.stdout.write(`${listStyles(parts.readConfig().stylesFile)}\n`));
}

function configFor(
  parts: CliDependencies,
  modelSource: string | undefined,
  changes: Readonly<Record<string, string>> = {},
): CliConfig {
  const config = parts.readConfig(changes);
  return modelSource === undefined
    ? config
    : { ...config, modelSources: [resolveModelPlace(modelSource, process.cwd())] };
}

function isBadInput(error: unknown): boolean {
  return error instanceof CommanderError || (error instanceof EaselError && error.code !== 'not_written');
}

/** One sentence where there is one; a bug shows where it is. */
function describeTrouble(error: unknown): string {
  if (error instanceof CommanderError) return describeUsage(error);
  if (error instanceof EaselError) return toShellMessage(error.userMessage);
  if (isEngineError(error)) {
    const file = fileOf(error);
    return file === undefined ? error.message : `${error.message} (${file})`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** commander's messages, `error: …` and perhaps a second line with a suggestion, as one sentence. */
function describeUsage(error: CommanderError): string {
  const [, typed, meant] = /'(--?[^']*)'(?:\n\(Did you mean (\S+)\?\))?/.exec(error.message) ?? [];
  switch (error.code) {
    case 'commander.help':
      return 'Give a command, such as `easel imagine`; `easel --help` lists them all.';
    case 'commander.excessArguments':
      return 'The prompt must be in quotes, such as easel imagine "a red circle" --out circle.png.';
    case 'commander.unknownOption':
      return `\`${typed}\` is not an option; ${meant === undefined ? '--help lists them all.' : `did you mean \`${meant}\`?`}`;
    default: {
      const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
      return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
    }
  }
}

function lowerFirst(sentence: string): string {
  return `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
}
