import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { finishedReplies, joinAs, launchBrowser, openTab, SOON, say } from './browser.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { killServer, startFakeServer } from './start-fake-server.ts';

describeInBrowser('asking on the page', (executablePath) => {
  let browser: Browser;
  let context: BrowserContext;
  let server: ChildProcess;
  let folder: string;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await launchBrowser(executablePath);
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'easel-asking-'));
    const started = await startFakeServer({ dataFolder: folder, stepMs: 250 });
    server = started.process;
    context = await browser.newContext({ viewport: { width: 1200, height: 860 } });
    ({ page, complaints } = await openTab(context, started.url));
    await joinAs(page, 'Ada');
  });
  afterEach(async () => {
    await context.close();
    await killServer(server);
    await rm(folder, { recursive: true, force: true });
  });

  const done = (count: number) => expect.poll(() => finishedReplies(page).count(), SOON).toBe(count);

  it('a remix opens a form that keeps what was typed until it can be read', async () => {
    await say(page, '/imagine a fox');
    await done(1);
    await page.getByRole('button', { name: 'Change the prompt' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remix' });
    expect(await dialog.getByLabel('Prompt').inputValue()).toBe('a fox');
    await dialog.getByLabel('Prompt').fill('a hare at noon');
    await dialog.getByLabel('Seed').fill('mine');
    await dialog.getByRole('button', { name: 'Draw' }).click();
    await dialog.getByText('Seed must be a whole number.').waitFor();
    expect(await dialog.getByLabel('Prompt').inputValue()).toBe('a hare at noon');
    await dialog.getByLabel('Seed').fill('3');
    await dialog.getByRole('button', { name: 'Draw' }).click();
    await done(2);
    expect(await dialog.isVisible()).toBe(false);
    expect(await page.locator('.reply .lines strong').last().textContent()).toBe('a hare at noon');
    expect(complaints).toEqual([]);
  });

  it('a hidden picture is seen only when asked for', async () => {
    await say(page, '/imagine a fox --spoiler');
    await done(1);
    const picture = page.locator('.picture');
    // The preview stands until the finished picture has been read.
    await expect.poll(() => picture.getByRole('img').getAttribute('alt'), SOON).toBe('Hidden picture');
    await picture.click();
    await expect.poll(() => picture.getAttribute('class'), SOON).not.toContain('spoiler');
    expect(await page.locator('#viewer').isVisible()).toBe(false);
    await picture.click();
    await expect.poll(() => page.locator('#viewer').isVisible(), SOON).toBe(true);
  });

  it('a message with a picture has a menu, whose answers only the person sees', async () => {
    await say(page, '/imagine a fox');
    await done(1);
    await finishedReplies(page).first().hover();
    await page.getByLabel('More').click();
    await page.getByRole('button', { name: 'Show recipe' }).click();
    await page.locator('.private-note', { hasText: /A file of \d+ bytes\./ }).waitFor();
    await page.getByText('Only you can see this.').waitFor();
    expect(await page.getByRole('button', { name: 'Show recipe' }).isVisible()).toBe(false);
  });

  it('a picture that answers another links to it', async () => {
    await say(page, '/imagine a fox');
    await done(1);
    await page.getByRole('button', { name: 'Upscale picture 1' }).click();
    await done(2);
    const link = page.getByTitle('Go to the original picture');
    expect(await link.locator('img').getAttribute('src')).toMatch(/^api\/pictures\//);
    await link.click();
    await expect.poll(() => page.locator('.pointed-at').count(), SOON).toBe(1);
  });

  it('buttons of a private answer work where it stands', async () => {
    await page.getByRole('button', { name: 'Yours' }).click();
    await page.getByRole('img', { name: 'kept' }).waitFor();
    await page.getByRole('button', { name: 'Show the one before' }).click();
    await page.locator('.private-note', { hasText: 'Nothing is older.' }).waitFor();
    expect(await page.locator('.private-note').count()).toBe(1);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    expect(await page.locator('.message').count()).toBe(0);
  });

  it('a picture is attached, shown before it is sent, and stands with the line', async () => {
    const data = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#c33' } })
      .png()
      .toBuffer();
    await page.locator('#picker').setInputFiles({ name: 'cat.png', mimeType: 'image/png', buffer: data });
    await page.getByText('Init image').waitFor();
    expect(await page.getByLabel('Command').inputValue()).toBe('/imagine ');
    await page.keyboard.type('a cat');
    await page.keyboard.press('Enter');
    await done(1);
    const shown = page.getByRole('img', { name: 'Attached picture' });
    await expect.poll(() => shown.evaluate((image) => image.getBoundingClientRect().width), SOON).toBe(40);
    expect(await page.getByText('Init image').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('offers values that only the server knows', async () => {
    await page.getByLabel('Command').click();
    await page.keyboard.type('/imagine a fox --style wat');
    await page.getByRole('option', { name: /watercolour/ }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.getByLabel('Command').inputValue()).toBe('/imagine a fox --style watercolour ');
  });
});
