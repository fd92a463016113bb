import { whenNpmIsGone } from '../../src/app/npm-parent.ts';

/** A process below npm's shell that finds npm as on macOS, by `ps`, and says when npm is gone. */
const gone = whenNpmIsGone(process.env, 'darwin');
process.stdout.write('waits\n');
const alive = setInterval(() => undefined, 1000);
void gone?.then(() => {
  process.stdout.write('gone\n');
  clearInterval(alive);
});
