import { randomBytes } from 'node:crypto';
import { IMAGINE_OPTIONS } from '../../commands/imagine/imagine-options.ts';
import { createEngine } from '../../engine/index.ts';
import { readConfig } from '../app/config.ts';
import { type CliDependencies, runCli } from './program.ts';
import { createResolve } from './resolve.ts';

/** The command line's own composition, as `src/main.ts` is the bot's. */
const parts: CliDependencies = {
  // A file hides nothing.
  options: IMAGINE_OPTIONS.filter(({ name }) => name !== 'spoiler'),
  readConfig: (changes) => readConfig({ ...process.env, ...changes }),
  openEngine: ({ modelSources, execution }, previewEvery) => createEngine({ modelSources, previewEvery, ...execution }),
  resolve: createResolve(() => randomBytes(4).readUInt32LE()),
  stdout: process.stdout,
  stderr: process.stderr,
};

process.exitCode = await runCli(process.argv.slice(2), parts);
