import { randomBytes } from 'node:crypto';
import { IMAGINE_OPTIONS } from '../../../commands/options.ts';
import { createEngine } from '../../../engine/index.ts';
import { readConfig } from '../../config.ts';
import { type CliParts, runCli } from './program.ts';
import { createResolve } from './resolve.ts';

/** The command line's own composition, as `src/main.ts` is the bot's. */
const parts: CliParts = {
  // A file hides nothing.
  options: IMAGINE_OPTIONS.filter(({ name }) => name !== 'spoiler'),
  readConfig: () => readConfig(process.env),
  openEngine: ({ modelFolders, execution }, previewEvery) => createEngine({ modelFolders, previewEvery, ...execution }),
  resolve: createResolve(() => randomBytes(4).readUInt32LE()),
  stdout: process.stdout,
  stderr: process.stderr,
};

process.exitCode = await runCli(process.argv.slice(2), parts);
