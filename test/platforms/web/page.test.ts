import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { finishedReplies, joinAs, launchBrowser, openTab, SOON, say } from './browser.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { killServer, startFakeServer } from './start-fake-server.ts';
import { createClient } from './web-fixture.ts';

describeInBrowser('the page', (executablePath) => {
  let browser: Browser;
  let context: BrowserContext;
  let server: ChildProcess;
  let url: string;
  let folder: string;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await launchBrowser(executablePath);
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'easel-page-'));
    ({ process: server, url } = await startFakeServer({ dataFolder: folder, stepMs: 250 }));
    context = await browser.newContext({ viewport: { width: 1200, height: 860 } });
    ({ page, complaints } = await openTab(context, url));
  });
  afterEach(async () => {
    await context.close();
    await killServer(server);
    await rm(folder, { recursive: true, force: true });
  });

  const done = (count: number, where = page) => expect.poll(() => finishedReplies(where).count(), SOON).toBe(count);
  const prompt = () => page.getByLabel('Command');

  it('explains itself when the channel is empty, and an example fills the prompt box', async () => {
    await joinAs(page, 'Ada');
    await page.getByRole('heading', { name: 'No pictures yet' }).waitFor();
    await page.getByRole('button', { name: '/imagine a fox in the snow' }).click();
    expect(await prompt().inputValue()).toBe('/imagine a fox in the snow');
    await page.keyboard.press('Enter');
    await done(1);
    expect(await page.getByRole('heading', { name: 'No pictures yet' }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('shows a picture forming and then finished, with working buttons', async () => {
    await joinAs(page, 'Ada');
    await say(page, '/imagine a fox');
    await page.locator('progress').waitFor();
    await page.locator('.picture.forming').waitFor();
    await done(1);
    expect(await page.locator('progress').isVisible()).toBe(false);
    const image = page.getByRole('img', { name: 'a fox', exact: true });
    await expect.poll(() => image.evaluate((img) => img.naturalWidth), SOON).toBe(258);
    await page.getByRole('button', { name: 'Vary picture 2' }).click();
    await page.getByRole('button', { name: 'Upscale picture 1' }).first().click();
    await done(3);
    expect(complaints).toEqual([]);
  });

  it('never takes a prompt for markup', async () => {
    await joinAs(page, '<b>Ada</b>');
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script> &lt;b&gt; @everyone';
    await say(page, `/imagine ${hostile}`);
    await done(1);
    expect(await page.locator('.reply .lines strong').textContent()).toBe(hostile);
    expect(await page.locator('.command-line').textContent()).toBe(`/imagine ${hostile}`);
    expect(await page.title()).toBe('Easel');
    expect(complaints).toEqual([]);
  });

  it('keeps name, draft and channel across a reload', async () => {
    await joinAs(page, 'Ada');
    await say(page, '/imagine a fox');
    await done(1);
    await prompt().fill('/imagine a half-written');
    await page.reload();
    await done(1);
    expect(await prompt().inputValue()).toBe('/imagine a half-written');
    expect(await page.locator('#rename').textContent()).toBe('Ada');
  });

  it('lets two tabs be two people who see the same channel', async () => {
    await joinAs(page, 'Ada');
    const other = await openTab(context, url);
    expect(await other.page.getByLabel('Your name in this channel').inputValue()).toBe('Ada');
    await joinAs(other.page, 'Ben');
    await say(page, '/imagine a fox');
    await say(other.page, '/imagine a hen');
    await done(2);
    await done(2, other.page);
    const authors = await page.locator('.message:not(.reply) .author').allTextContents();
    expect(authors.sort()).toEqual(['Ada', 'Ben']);
    expect(await page.locator('.mention.own').allTextContents()).toEqual(['@Ada']);
    expect(await other.page.locator('.mention.own').allTextContents()).toEqual(['@Ben']);
  });

  it('shows a private answer to nobody else, until it is dismissed', async () => {
    const other = await openTab(context, url);
    await joinAs(page, 'Ada');
    await say(page, '/help');
    await page.getByText('Only you can see this.').waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    expect(await page.locator('.message').count()).toBe(0);
    expect(await other.page.locator('.message').count()).toBe(0);
  });

  it('completes commands and options by keyboard, and brings back what was sent', async () => {
    await joinAs(page, 'Ada');
    await page.keyboard.type('/');
    expect(await page.getByRole('option').allTextContents()).toHaveLength(3);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.keyboard.type('a fox --sam');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    expect(await prompt().inputValue()).toBe('/imagine a fox --sampler ddim');
    await page.keyboard.type(' --');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('listbox').isVisible()).toBe(false);
    await prompt().fill('/help');
    await page.keyboard.press('Enter');
    await page.getByText('Only you can see this.').waitFor();
    await page.keyboard.press('ArrowUp');
    expect(await prompt().inputValue()).toBe('/help');
    await page.keyboard.press('ArrowDown');
    expect(await prompt().inputValue()).toBe('');
  });

  it('says when Easel is away, keeps what is sent meanwhile, and comes back by itself', async () => {
    await joinAs(page, 'Ada');
    await say(page, '/imagine a fox');
    await done(1);
    await killServer(server);
    await page.getByText('Easel is not answering. Reconnecting…').waitFor();
    await say(page, '/imagine a hen');
    await page.getByText('Not sent').waitFor();
    ({ process: server } = await startFakeServer({ dataFolder: folder, port: Number(new URL(url).port) }));
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Send again' }).click();
    await done(2);
    await page.getByRole('button', { name: 'Vary picture 1' }).first().click();
    await done(3);
  });

  it('stays where the person reads, and offers the way to the newest message', async () => {
    const script = createClient(url);
    for (let i = 0; i < 3; i++) await script.say(`/imagine fox ${i}`);
    await done(3);
    const scroller = page.locator('#scroller');
    const fromEnd = () => scroller.evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight);
    await expect.poll(fromEnd, SOON).toBeLessThan(2);
    await scroller.evaluate((one) => one.scrollTo(0, 100));
    await script.say('/imagine one more');
    await done(4);
    expect(await scroller.evaluate((one) => one.scrollTop)).toBe(100);
    await page.getByRole('button', { name: 'Newest messages' }).click();
    await expect.poll(fromEnd, SOON).toBeLessThan(2);
  });

  it('loads earlier messages when the person reads upwards', async () => {
    const script = createClient(url);
    for (let i = 0; i < 40; i++) await script.say(`/imagine fox ${i}`);
    await page.reload();
    await expect.poll(() => page.locator('.message').count(), SOON).toBeGreaterThanOrEqual(50);
    await page.locator('#scroller').evaluate((one) => one.scrollTo(0, 0));
    await expect.poll(() => page.locator('.message').count(), SOON).toBe(80);
    const lines = await page.locator('.command-line').allTextContents();
    expect(lines).toEqual(Array.from({ length: 40 }, (_, i) => `/imagine fox ${i}`));
  });

  it('opens a picture large, to be downloaded, and closes it by Esc', async () => {
    await joinAs(page, 'Ada');
    await say(page, '/imagine a fox');
    await done(1);
    await page.locator('.picture').click();
    await page.getByRole('dialog').waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toMatch(/\.png$/);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('removes a deleted message everywhere', async () => {
    await joinAs(page, 'Ada');
    await say(page, '/imagine a fox');
    await done(1);
    await page.getByRole('button', { name: 'Delete this message' }).click();
    await done(0);
  });

  it('fits a small phone', async () => {
    await page.setViewportSize({ width: 360, height: 640 });
    await joinAs(page, 'Ada');
    await say(page, `/imagine ${'Donaudampfschifffahrtsgesellschaft'.repeat(4)} --sampler euler_a`);
    await done(1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await page.locator('#scroller').evaluate((one) => one.scrollWidth <= one.clientWidth)).toBe(true);
  });
});
