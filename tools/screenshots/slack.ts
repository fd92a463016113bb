/**
 * Draws docs/slack-channel.png: a session with Easel in the emulated Slack of the tests, by the real engine on the
 * embedded model. `npx tsx tools/screenshots/slack.ts [out.png]`; needs an installed Chromium (or CHROMIUM_PATH).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { renderChannel } from '../../test/emulators/slack/page.ts';
import { APP_TOKEN, BOT_TOKEN, type SlackEmulator, startSlack } from '../../test/emulators/slack/server.ts';
import { messagesVisibleTo, visibleMessage } from '../../test/emulators/slack/visible-message.ts';
import { BOB, type Message } from '../../test/emulators/slack/workspace.ts';
import { findBrowser, launchBrowser, NO_BROWSER } from '../../test/platforms/web/browser.ts';

const WIDTH = 760;
const HEIGHT = 900;

async function ended(slack: SlackEmulator, index: number): Promise<Message> {
  for (;;) {
    const message = messagesVisibleTo(slack)[index];
    if (message !== undefined && visibleMessage(slack, message).buttons.join(' ').includes('🔄')) return message;
    await sleep(50);
  }
}

/** What the picture shows: a prompt and its grid, a variation of it, a mention whose picture forms, and a private word. */
async function act(slack: SlackEmulator): Promise<void> {
  const { actions } = slack;
  await actions.command('/imagine a fox in the snow --seed 3');
  await actions.press(await ended(slack, 0), 'V2', BOB);
  await ended(slack, 1);
  await actions.say('@Easel a panda on a pink background --steps 120 --count 1');
  while (messagesVisibleTo(slack)[3] === undefined) await sleep(20);
  await actions.command('/imagine a volcano --stepz 20');
  const isForming = () =>
    messagesVisibleTo(slack).some(
      (message) =>
        visibleMessage(slack, message).text.includes('panda') && visibleMessage(slack, message).pictures.length > 0,
    );
  while (!isForming()) await sleep(20);
}

async function draw(out: string): Promise<void> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error(NO_BROWSER);
  const folder = await mkdtemp(join(tmpdir(), 'easel-screenshot-'));
  const slack = await startSlack();
  const env = { EASEL_DATA: folder, PORT: '0', EASEL_LOG_LEVEL: 'error', SLACK_API_URL: slack.apiUrl };
  const app = await createApp(readConfig({ ...env, SLACK_BOT_TOKEN: BOT_TOKEN, SLACK_APP_TOKEN: APP_TOKEN }));
  await app.start();
  const browser = await launchBrowser(executablePath);
  try {
    await act(slack);
    const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, deviceScaleFactor: 1 });
    await page.setContent(renderChannel(slack));
    await writeFile(out, await page.screenshot({ fullPage: true }));
  } finally {
    await browser.close();
    await app.stop();
    await slack.close();
    await rm(folder, { recursive: true });
  }
}

await draw(process.argv[2] ?? fileURLToPath(new URL('../../docs/slack-channel.png', import.meta.url)));
