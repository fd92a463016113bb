import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `CHROMIUM_PATH`, or the Chromium or Chrome that is installed. */
export function findBrowser(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const installed = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  const chosen = process.env.CHROMIUM_PATH;
  return [...(chosen === undefined ? [] : [chosen]), ...installed].find(isExecutable);
}

export const NO_BROWSER = 'no Chromium is installed (apt install chromium, or set CHROMIUM_PATH)';

/** Headless, with a fresh profile that is removed with it. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

export interface Visit {
  readonly page: Page;
  /** What the page complained of: errors, refused code, failed requests. */
  readonly complaints: string[];
}

/** A tab of a browser; those of one context share their local storage, as tabs of one person do. */
export async function openTab(context: BrowserContext, url: string): Promise<Visit> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

export async function joinAs(page: Page, name: string): Promise<void> {
  await page.getByLabel('Your name in this channel').fill(name);
  await page.keyboard.press('Enter');
  await page.getByLabel('Command').waitFor();
}

export async function say(page: Page, line: string): Promise<void> {
  await page.getByLabel('Command').fill(line);
  await page.keyboard.press('Enter');
}

/** Easel's messages that have reached their end, in the order of the channel. */
export const finishedReplies = (page: Page) => page.locator('.message.reply:has([data-state="done"])');

/** For `expect.poll`: a shared machine with busy cores takes its time. */
export const SOON = { timeout: 20_000, interval: 50 };
