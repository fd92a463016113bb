import { describe } from 'vitest';
import { findBrowser, NO_BROWSER } from './browser.ts';

/** Tests that need a browser; where none is installed they say so and are skipped. */
export function describeInBrowser(title: string, body: (executablePath: string) => void): void {
  const executablePath = findBrowser();
  if (executablePath === undefined) process.stderr.write(`Skipped: ${title}: ${NO_BROWSER}\n`);
  describe.skipIf(executablePath === undefined)(title, () => body(executablePath ?? ''));
}
