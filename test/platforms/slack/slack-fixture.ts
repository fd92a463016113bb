import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { commands } from '../../../commands/index.ts';
import { createEngine, type Engine } from '../../../engine/index.ts';
import { type App, createApp } from '../../../src/app/app.ts';
import { readConfig } from '../../../src/app/config.ts';
import type { EventDelivery } from '../../../src/platforms/slack/connection.ts';
import { createSlackPort, type SlackPort } from '../../../src/platforms/slack/index.ts';
import type { OrphanedFile } from '../../../src/platforms/slack/orphaned-files.ts';
import { createInstantEngine } from '../../doubles/instant-engine.ts';
import { createMemoryValueStore } from '../../doubles/memory-value-store.ts';
import { APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, type SlackEmulator, startSlack } from '../../emulators/slack/server.ts';
import { type VisibleMessage, visibleMessage } from '../../emulators/slack/visible-message.ts';
import type { Message } from '../../emulators/slack/workspace.ts';

export const PATIENCE = { timeout: 10_000, interval: 20 };

/** Easel as it is, but for the engine, in a Slack of this machine. */
export interface SlackFixture {
  readonly slack: SlackEmulator;
  readonly app: App;
  readonly port: SlackPort;
  /** What the operator reads, a JSON line each. */
  readonly log: string[];
  /** Files that Easel has not let off; see `OrphanedFiles`. */
  readonly files: { readonly size: number };
  /** Everything as a person sees it. */
  visible(message: Message | undefined): VisibleMessage | undefined;
  /** Ends the process, as it were, and begins another over the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface SlackFixtureOptions {
  readonly delivery?: 'socket' | 'http';
  readonly engine?: () => Engine;
  readonly env?: NodeJS.ProcessEnv;
  /** Before Easel is started. */
  readonly prepare?: (slack: SlackEmulator) => void;
  readonly postIntervalMs?: number;
  readonly maxAttachmentBytes?: number;
}

export async function openSlackFixture(options: SlackFixtureOptions = {}): Promise<SlackFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'easel-slack-'));
  const log: string[] = [];
  const files = createMemoryValueStore<OrphanedFile>();
  const served = createMemoryValueStore<number>();
  let port: SlackPort | undefined;
  const isHttp = options.delivery === 'http';
  const deliverTo = () => `http://127.0.0.1:${port?.httpPort}/slack/events`;
  const slack = await startSlack(isHttp ? { deliverTo } : {});
  options.prepare?.(slack);
  const entry: EventDelivery = isHttp
    ? { kind: 'http', signingSecret: SIGNING_SECRET, host: '127.0.0.1', port: 0 }
    : { kind: 'socket', appToken: APP_TOKEN };

  async function open(): Promise<{ app: App; port: SlackPort }> {
    const logger = pino({ level: 'debug', base: null }, { write: (line: string) => void log.push(line) });
    port = createSlackPort({
      botToken: BOT_TOKEN,
      delivery: entry,
      apiUrl: slack.apiUrl,
      log: logger,
      commands: commands.map(({ description }) => description),
      postIntervalMs: options.postIntervalMs ?? 0,
      minEditIntervalMs: 20,
      ...(options.maxAttachmentBytes !== undefined && { maxAttachmentBytes: options.maxAttachmentBytes }),
      files,
      answeredEvents: served,
      sweepAfterMs: 0,
      gatherMs: 50,
      firstPauseMs: 20,
      lookAfterMs: [30, 100, 200, 400],
    });
    const config = readConfig({ EASEL_DATA: folder, EASEL_COUNT: '4', EASEL_CONCURRENCY: '1', ...options.env });
    const engine = options.engine?.() ?? createInstantEngine();
    const app = await createApp(config, { ports: [port], engine, log: logger });
    await app.start();
    return { app, port };
  }

  let opened = await open();
  return {
    slack,
    log,
    files,
    get app() {
      return opened.app;
    },
    get port() {
      return opened.port;
    },
    visible: (message) => (message === undefined ? undefined : visibleMessage(slack, message)),
    restart: async () => {
      await opened.app.stop();
      opened = await open();
    },
    close: async () => {
      await opened.app.stop();
      await slack.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The embedded model in the real engine. */
export function sketchEngine(): Engine {
  return createEngine({ modelSources: [join(import.meta.dirname, '../../../models/sketch')], threads: 1 });
}
