/**
 * Draws docs/discord-channel.png: a session with Easel in the emulated Discord of the tests, by the real engine on the
 * embedded model. `npx tsx tools/screenshots/discord.ts [out.png]`; needs an installed Chromium (or CHROMIUM_PATH).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { type Actor, type Channel, renderChannel, startDiscord } from '../../test/emulators/discord/index.ts';
import { findBrowser, launchBrowser, NO_BROWSER } from '../../test/platforms/web/browser.ts';

const WIDTH = 760;
const HEIGHT = 1120;

async function ended(actor: Actor, channel: Channel, index: number): Promise<string> {
  for (;;) {
    const message = actor.sees(channel)[index];
    if (message?.buttons.flat().includes('🔄') === true) return message.id;
    await sleep(50);
  }
}

/** What the picture shows: a prompt and its grid, a variation of it, and one more on its way. */
async function act(ada: Actor, ben: Actor, channel: Channel): Promise<void> {
  await ada.type(channel, 'imagine', { prompt: 'a fox in the snow', seed: '3', steps: 20 });
  const grid = await ended(ada, channel, 0);
  await ben.press(grid, 'V2');
  await ended(ben, channel, 1);
  await ada.type(channel, 'imagine', { prompt: 'a panda on a pink background', steps: 120 });
  while (ada.sees(channel)[2]?.pictures.length !== 1) await sleep(20);
}

async function draw(out: string): Promise<void> {
  const executablePath = findBrowser();
  if (executablePath === undefined) throw new Error(NO_BROWSER);
  const folder = await mkdtemp(join(tmpdir(), 'easel-screenshot-'));
  const discord = await startDiscord();
  const { world } = discord;
  const server = world.server('Atelier');
  const [ada, ben] = [world.person('Ada'), world.person('Ben')];
  world.join(server, ada);
  world.join(server, ben);
  const channel = world.channel(server, 'pictures');
  const env = { EASEL_DATA: folder, PORT: '0', EASEL_LOG_LEVEL: 'error' };
  const app = await createApp(
    readConfig({ ...env, DISCORD_TOKEN: discord.token, DISCORD_API_URL: discord.apiUrl }, process.cwd()),
  );
  await app.start();
  const browser = await launchBrowser(executablePath);
  try {
    await act(discord.as(ada), discord.as(ben), channel);
    const page = await browser.newPage({ viewport: { width: WIDTH, height: HEIGHT }, deviceScaleFactor: 1 });
    await page.setContent(renderChannel(channel, ada, discord.state));
    await writeFile(out, await page.screenshot({ fullPage: true }));
  } finally {
    await browser.close();
    await app.stop();
    await discord.close();
    await rm(folder, { recursive: true });
  }
}

await draw(process.argv[2] ?? fileURLToPath(new URL('../../docs/discord-channel.png', import.meta.url)));
