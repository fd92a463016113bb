import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { finishedReplies, joinAs, launchBrowser, openTab, SOON, say } from './browser.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type RunningEasel, startEasel } from './start-easel.ts';

/** A shared machine with two busy cores takes its time. */
const PICTURE_MS = 90_000;

describeInBrowser('the whole of Easel in a browser', (executablePath) => {
  let browser: Browser;
  let context: BrowserContext;
  let easel: RunningEasel;
  let folder: string;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'easel-whole-'));
    easel = await startEasel({ dataFolder: folder });
    browser = await launchBrowser(executablePath);
    context = await browser.newContext({ viewport: { width: 1200, height: 860 } });
    ({ page, complaints } = await openTab(context, easel.url));
  });
  afterAll(async () => {
    await browser.close();
    await easel.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const done = (count: number, where = page) =>
    expect.poll(() => finishedReplies(where).count(), { timeout: PICTURE_MS, interval: 200 }).toBe(count);
  const reply = (index: number) => page.locator('.message.reply').nth(index);
  const pixelWidth = (index: number) =>
    reply(index)
      .locator('.picture img')
      .evaluate((img): number => img.naturalWidth);

  it('a prompt becomes a picture, its buttons work, and all of it outlives a reload and kill -9', async () => {
    await joinAs(page, 'Ada');
    await say(page, '/imagine a red circle on a blue background --seed 3 --steps 5');
    await done(1);
    expect(await reply(0).locator('.lines').textContent()).toContain('seed 3 to 6');
    await reply(0).getByRole('button', { name: 'Vary picture 2' }).click();
    await done(2);
    expect(await reply(1).locator('.lines').textContent()).toContain('seed 4, varied');
    await reply(0).getByRole('button', { name: 'Upscale picture 1' }).click();
    await done(3);
    await expect.poll(() => pixelWidth(2), SOON).toBeGreaterThanOrEqual(128);
    const width = await pixelWidth(2);

    await page.reload();
    await done(3);
    await expect.poll(() => pixelWidth(2), SOON).toBe(width);

    await reply(0).getByRole('button', { name: 'Draw the same prompt again' }).click();
    await page.locator('[data-state="running"]').waitFor();
    await easel.kill();
    await page.getByText('Easel is not answering. Reconnecting…').waitFor();
    easel = await startEasel({ dataFolder: folder, port: Number(new URL(easel.url).port) });
    await page.getByText('Connected', { exact: true }).waitFor();
    await done(4);
    await reply(0).getByRole('button', { name: 'Vary picture 4' }).click();
    await done(5);
  }, 360_000);

  it('two tabs are two people: one is told that the other’s work is not theirs to delete', async () => {
    const other = await openTab(context, easel.url);
    await joinAs(other.page, 'Ben');
    await say(other.page, '/imagine a green square --count 1 --steps 2');
    await done(6, other.page);
    await done(6);
    await reply(5).getByRole('button', { name: 'Delete this message' }).click();
    await page.getByText('Only you can see this.').waitFor();
    await other.page.locator('.message.reply').nth(5).getByRole('button', { name: 'Delete this message' }).click();
    await done(5);
    await other.page.close();
  }, 180_000);

  it.each([
    ['/imagine ', /^The prompt is missing; describe the picture/],
    ['/imagine a fox --step 3', /--steps/],
    ['/imagine a fox --width 513', /multiple of 8/],
    ['/imagine a fox --seed -1', /seed/i],
    ['/paint a fox', /paint/],
  ])('%s gets a sentence that only its author sees', async (line, sentence) => {
    await say(page, line);
    const note = page.locator('.message.private').filter({ hasText: line.trim() });
    await note.waitFor();
    expect(await note.locator('.private-note .lines').textContent()).toMatch(sentence);
    await note.getByRole('button', { name: 'Dismiss' }).click();
  });

  it('the page complained of nothing but the server being away', () => {
    expect(complaints.filter((complaint) => !complaint.includes('net::ERR_'))).toEqual([]);
  });
});
