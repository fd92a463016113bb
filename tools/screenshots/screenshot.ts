import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { sharp } from '../../src/image/sharp.ts';
import {
  findBrowser,
  finishedReplies,
  joinAs,
  launchBrowser,
  NO_BROWSER,
  openTab,
  say,
} from '../../test/platforms/web/browser.ts';

/** Takes the README's picture: a channel of its own, a prompt, its grid. `npx tsx tools/screenshots/screenshot.ts --help` */
const USAGE = `npx tsx tools/screenshots/screenshot.ts [--out docs/web-channel.png] [--width 1200] [--height 900] [--light]
  [--line "/imagine …"] (several: each is waited for) [--press "Upscale picture 1"] [--typing "/imagine a"]`;

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'docs/web-channel.png' },
    width: { type: 'string', default: '1200' },
    height: { type: 'string', default: '900' },
    light: { type: 'boolean', default: false },
    line: { type: 'string', multiple: true, default: ['/imagine a fox in the snow --seed 3'] },
    press: { type: 'string' },
    typing: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** Minutes, on a machine that is busy with other things. */
const PICTURE_MS = 5 * 60_000;

async function waitForReplies(page: Page, count: number): Promise<void> {
  await finishedReplies(page)
    .nth(count - 1)
    .locator('.picture:not(.forming)')
    .waitFor({ timeout: PICTURE_MS });
}

async function act(page: Page): Promise<void> {
  await joinAs(page, 'Ada');
  for (const [i, line] of values.line.entries()) {
    await say(page, line);
    await waitForReplies(page, i + 1);
  }
  if (values.press !== undefined) {
    await finishedReplies(page).last().getByRole('button', { name: values.press }).click();
    await waitForReplies(page, values.line.length + 1);
  }
  if (values.typing !== undefined) await page.getByLabel('Command').pressSequentially(values.typing);
  await page.waitForTimeout(500);
}

async function take(url: string, executable: string): Promise<void> {
  const browser = await launchBrowser(executable);
  try {
    const context = await browser.newContext({
      viewport: { width: Number(values.width), height: Number(values.height) },
      colorScheme: values.light ? 'light' : 'dark',
    });
    const { page } = await openTab(context, url);
    await act(page);
    await mkdir(dirname(values.out), { recursive: true });
    const png = await page.screenshot();
    await sharp(png).png({ compressionLevel: 9, adaptiveFiltering: true }).toFile(values.out);
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const executable = findBrowser();
  if (executable === undefined) throw new Error(NO_BROWSER);
  const dataFolder = await mkdtemp(join(tmpdir(), 'easel-screenshot-'));
  const app = await createApp(readConfig({ ...process.env, EASEL_DATA: dataFolder, PORT: '0' }));
  try {
    await app.start();
    await take(app.url ?? '', executable);
    process.stdout.write(`${values.out}\n`);
  } finally {
    await app.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(`${USAGE}\n`);
else await main();
