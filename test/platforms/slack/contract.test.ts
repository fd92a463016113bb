import { pino } from 'pino';
import { createSlackPort } from '../../../src/platforms/slack/index.ts';
import type { OrphanedFile } from '../../../src/platforms/slack/orphaned-files.ts';
import { type PortUnderTest, SILENT_HANDLERS, testChannelPort } from '../../contracts/channel-port/index.ts';
import { createMemoryValueStore } from '../../doubles/memory-value-store.ts';
import type { Failure } from '../../emulators/slack/faults.ts';
import { APP_TOKEN, BOT_TOKEN, type SlackEmulator, startSlack } from '../../emulators/slack/server.ts';
import { messagesVisibleTo, visibleMessage } from '../../emulators/slack/visible-message.ts';

const CHANNEL = { platform: 'slack', channelId: 'CART' } as const;

function createStores() {
  return { files: createMemoryValueStore<OrphanedFile>(), answeredEvents: createMemoryValueStore<number>() };
}

async function open(slack: SlackEmulator, stores = createStores()): Promise<PortUnderTest> {
  const port = createSlackPort({
    botToken: BOT_TOKEN,
    delivery: { kind: 'socket', appToken: APP_TOKEN },
    apiUrl: slack.apiUrl,
    log: pino({ level: 'silent' }),
    commands: [],
    ...stores,
    ...{ postIntervalMs: 0, minEditIntervalMs: 20, sweepAfterMs: 0, gatherMs: 50, firstPauseMs: 5 },
    lookAfterMs: [30, 100, 200, 400],
  });
  const fail = (failure: Failure, times: number) =>
    slack.faults.failures.set(
      'chat.postMessage',
      Array.from({ length: times }, () => failure),
    );
  await port.start(SILENT_HANDLERS);
  return {
    port,
    channel: CHANNEL,
    closedChannel: { ...CHANNEL, channelId: 'CNONE' },
    messages: async () =>
      messagesVisibleTo(slack).map((message) => {
        const { text, pictures } = visibleMessage(slack, message);
        return { text, pictures: pictures.length };
      }),
    refusedBytes: 100_000,
    refuseSize: () =>
      slack.faults.failures.set('files.getUploadURLExternal', [
        { kind: 'error', code: 'file_upload_size_limit_exceeded' },
      ]),
    endOutage: () => slack.faults.failures.clear(),
    refusePosts: (times) => fail({ kind: 'status', status: 503 }, times),
    loseAnswers: (times) => fail({ kind: 'lost' }, times),
    restart: async () => {
      await port.stop();
      return open(slack, stores);
    },
    close: async () => {
      await port.stop();
      await slack.close();
    },
  };
}

testChannelPort('Slack', async () => open(await startSlack()));
