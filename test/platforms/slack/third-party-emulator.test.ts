import { createEmulator, type Emulator } from 'emulate';
import { pino } from 'pino';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeButtonId } from '../../../src/core/button.ts';
import { jobIdOf } from '../../../src/core/job-id.ts';
import { type Reply, strong } from '../../../src/core/reply.ts';
import { createSlackPort, type SlackPort } from '../../../src/platforms/slack/index.ts';
import { createMemoryValueStore } from '../../doubles/memory-value-store.ts';

const TOKEN = 'xoxb-independent-server-token';
/** As an id of Easel's would be. */
const NONCE = jobIdOf('slack', 'one');

interface Answer {
  readonly channels: readonly { readonly id: string; readonly name: string }[];
  readonly messages: readonly {
    readonly ts: string;
    readonly text: string;
    readonly blocks: readonly { type: string }[];
  }[];
  readonly files: readonly { readonly id: string; readonly mimetype: string }[];
}

/**
 * Another Slack, which others wrote: npm `emulate`. It has the Web API's messages, uploads and views, and neither Socket
 * Mode, nor HTTP delivery by Bolt's signature, nor a check of blocks, nor rate limits.
 */
describe("Easel's calls to a Slack that others wrote", () => {
  let server: Emulator;
  let port: SlackPort;
  let channel: { readonly platform: 'slack'; readonly channelId: string };

  async function ask(method: string, args: Record<string, string> = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`${server.url}/api/${method}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(args),
    });
    return (await response.json()) as Answer;
  }
  const messages = async () => (await ask('conversations.history', { channel: channel.channelId })).messages;

  beforeEach(async () => {
    server = await createEmulator({
      service: 'slack',
      port: 0,
      seed: {
        slack: {
          users: [{ name: 'ada', real_name: 'Ada' }],
          channels: [{ name: 'art' }],
          tokens: [
            { token: TOKEN, user: 'ada', scopes: ['chat:write', 'channels:history', 'files:write', 'files:read'] },
          ],
        },
        tokens: { [TOKEN]: { login: 'ada', scopes: ['chat:write', 'channels:history', 'files:write', 'files:read'] } },
      },
    });
    port = createSlackPort({
      botToken: TOKEN,
      delivery: { kind: 'socket', appToken: 'xapp-unused' },
      apiUrl: `${server.url}/api/`,
      log: pino({ level: 'silent' }),
      commands: [],
      files: createMemoryValueStore(),
      answeredEvents: createMemoryValueStore(),
    });
    const { channels } = await ask('conversations.list');
    channel = { platform: 'slack', channelId: channels.find(({ name }) => name === 'art')?.id ?? '' };
  });
  afterEach(async () => {
    await port.stop();
    await server.close();
  });

  const reply = (state: Reply['state'], text: string): Reply => ({
    state,
    lines: [[strong(text)]],
    pictures: [],
    buttons: [
      [{ id: encodeButtonId({ action: 'cancel', jobId: NONCE, index: 0 }), label: '❌', title: '', style: 'danger' }],
    ],
  });

  it('post a message once, change it and take it away', async () => {
    const ref = await port.post(channel, reply('waiting', 'a fox <!channel>'), NONCE);
    expect(await port.post(channel, reply('waiting', 'a fox'), NONCE)).toEqual(ref);
    await port.edit(ref, reply('running', 'a fox (50%)'));
    const [message, ...more] = await messages();
    expect(more.map(({ text }) => text)).toEqual([]);
    expect(message?.ts).toBe(ref.messageId);
    expect(message?.text).toBe('a fox (50%)');
    expect(message?.blocks.map(({ type }) => type)).toEqual(['rich_text', 'actions']);
    await port.delete(ref);
    expect((await messages()).map(({ ts }) => ts)).not.toContain(ref.messageId);
  });

  it('upload a picture and show it', async () => {
    const create = { width: 8, height: 8, channels: 3 as const, background: 'red' };
    const data = await sharp({ create }).png().toBuffer();
    const picture = { name: 'easel.png', mediaType: 'image/png' as const, data, width: 8, height: 8, alt: 'A fox' };
    await port.post(channel, { ...reply('done', 'a fox'), pictures: [picture] }, NONCE);
    const { files } = await ask('files.list');
    const [message] = await messages();
    expect(message?.blocks[1]).toEqual(
      expect.objectContaining({ type: 'image', slack_file: { id: files[0]?.id }, alt_text: 'A fox' }),
    );
    expect(files[0]?.mimetype).toBe('image/png');
  });
});
