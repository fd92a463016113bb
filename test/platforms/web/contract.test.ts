import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WEB_CHANNEL } from '../../../src/platforms/web/index.ts';
import { type PortUnderTest, SILENT_HANDLERS, testChannelPort } from '../../contracts/channel-port/index.ts';
import { createClient, openWebPort } from './web-fixture.ts';

async function open(folder: string): Promise<PortUnderTest> {
  const port = openWebPort(folder);
  await port.start(SILENT_HANDLERS);
  return {
    port,
    channel: WEB_CHANNEL,
    messages: async () =>
      (await createClient(port.url).replies()).map(({ reply }) => ({
        text: reply.lines.flatMap((line) => line.map((span) => ('text' in span ? span.text : ''))).join(''),
        pictures: reply.pictures.length,
      })),
    restart: async () => {
      await port.stop();
      return open(folder);
    },
    close: async () => {
      await port.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

testChannelPort('the web channel', async () => open(await mkdtemp(join(tmpdir(), 'easel-web-contract-'))));
