/**
 * The whole bot with the real engine, in a process that kills itself, or its engine, at a point it is told. The platform
 * is the parent, across IPC: it survives. Arguments: data folder, model folder.
 */

import { pino } from 'pino';
import { createEngine, EngineError } from '../../engine/index.ts';
import { createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import type { ChannelRef, MessageRef } from '../../src/core/channel.ts';
import type { Job } from '../../src/core/job.ts';
import type { Reply } from '../../src/core/reply.ts';
import type { Request } from '../../src/core/request.ts';
import type { ChannelPort, Dispatch, DispatchResult } from '../../src/platforms/port.ts';
import type { Store } from '../../src/store/port.ts';
import { watchChannel, watchEngine, watchStore } from './crash-points.ts';

export type ToBot =
  | { readonly kind: 'arm'; readonly point: string; readonly victim: 'shell' | 'engine' }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'look'; readonly jobIds: readonly string[] }
  | { readonly kind: 'called'; readonly id: number; readonly result: unknown };

export type PlatformCall =
  | { readonly what: 'post'; readonly channel: ChannelRef; readonly reply: Reply; readonly nonce: string }
  | { readonly what: 'edit'; readonly message: MessageRef; readonly reply: Reply }
  | { readonly what: 'delete'; readonly message: MessageRef };

export type FromBot =
  | { readonly kind: 'ready' }
  | { readonly kind: 'passed'; readonly point: string }
  | { readonly kind: 'begun' | 'rendered'; readonly jobId: string }
  | { readonly kind: 'answered'; readonly requestId: string; readonly result: DispatchResult }
  | { readonly kind: 'seen'; readonly unfinished: readonly string[]; readonly jobs: readonly (Job | undefined)[] }
  | { readonly kind: 'call'; readonly id: number; readonly call: PlatformCall };

const [dataFolder = '', model = ''] = process.argv.slice(2);
const host = createEngine({ modelSources: [model], threads: 1, previewEvery: 1 });
const calls = new Map<number, (result: unknown) => void>();
let armed: { readonly point: string; readonly victim: 'shell' | 'engine' } | undefined;
let dispatch: Dispatch | undefined;
let store: Store | undefined;
let lastCall = 0;

const tell = (message: FromBot) => process.send?.(message);

function pass(point: string): void {
  tell({ kind: 'passed', point });
  if (armed?.point !== point) return;
  const { victim } = armed;
  armed = undefined;
  const pid = victim === 'shell' ? process.pid : host.pid;
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

function callPlatform(call: PlatformCall): Promise<unknown> {
  lastCall += 1;
  const id = lastCall;
  tell({ kind: 'call', id, call });
  return new Promise((resolve) => calls.set(id, resolve));
}

const port: ChannelPort = {
  platform: 'web',
  capabilities: { minEditIntervalMs: 0, maxAttachmentBytes: 1e7, previews: false },
  start: async (handlers) => {
    dispatch = handlers.dispatch;
  },
  stop: async () => {},
  post: async (channel, reply, nonce) => {
    const messageId = await callPlatform({ what: 'post', channel, reply, nonce });
    return { channel, messageId: String(messageId) };
  },
  edit: async (message, reply) => {
    await callPlatform({ what: 'edit', message, reply });
  },
  delete: async (message) => {
    await callPlatform({ what: 'delete', message });
  },
};

process.on('message', async (message: ToBot) => {
  switch (message.kind) {
    case 'arm':
      armed = message;
      return;
    case 'request': {
      const result = await dispatch?.(message.request);
      if (result !== undefined) tell({ kind: 'answered', requestId: message.request.id, result });
      return;
    }
    case 'look': {
      if (store === undefined) return;
      const { jobs } = store;
      const unfinished = (await jobs.unfinished()).map(({ id }) => id);
      tell({ kind: 'seen', unfinished, jobs: await Promise.all(message.jobIds.map((jobId) => jobs.get(jobId))) });
      return;
    }
    case 'called':
      calls.get(message.id)?.(message.result);
      calls.delete(message.id);
      return;
  }
});
process.on('disconnect', () => process.exit(0));

const engine = watchEngine(host, pass, (prompt) => {
  if (prompt.startsWith('trouble')) throw new EngineError('out_of_memory', 'There is not enough memory for this.');
});
const config = readConfig({ EASEL_DATA: dataFolder, EASEL_MODEL: model, EASEL_COUNT: '1', EASEL_CONCURRENCY: '1' });
const app = await createApp(config, {
  engine,
  ports: [watchChannel(port, pass)],
  log: pino({ level: 'silent' }),
  wrapStore: (opened) => {
    store = opened;
    return watchStore(opened, pass, (job) => {
      if (job.state === 'running') tell({ kind: 'begun', jobId: job.id });
      if (job.state === 'rendered') tell({ kind: 'rendered', jobId: job.id });
    });
  },
});
await app.start();
tell({ kind: 'ready' });
