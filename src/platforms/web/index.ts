import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import type { ChannelRef, MessageRef } from '../../core/channel.ts';
import type { CommandDescription, MessageActionDescription } from '../../core/command.ts';
import { EaselError } from '../../core/errors.ts';
import { makePrivateFolder } from '../../lib/private-files.ts';
import type { ChannelHandlers, ChannelPort } from '../port.ts';
import { MessageGoneError } from '../port.ts';
import { createChangeFeed } from './change-feed.ts';
import { createChannelState } from './channel-state.ts';
import { createInbound, type Permissions } from './inbound.ts';
import { openMessageLog } from './message-log.ts';
import { loadPageFiles } from './page-files.ts';
import { openPictureFiles } from './picture-files.ts';
import { createRoutes } from './routes.ts';
import { secureResponses } from './security-headers.ts';
import { createPersonTokens, loadTokenSecret } from './tokens.ts';
import { createUploads } from './uploads.ts';

/** What `createWebPort` needs. */
export interface WebPortOptions {
  /** The address to bind; a loopback address keeps the channel on this machine. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Messages, pictures and the signing secret go to its folder `web`. */
  readonly dataFolder: string;
  readonly log: Logger;
  readonly commands: readonly CommandDescription[];
  readonly messageActions: readonly MessageActionDescription[];
  readonly permissions: Permissions;
  /** The page's title. @default 'Easel' */
  readonly title?: string;
  /** Host names beside localhost and plain addresses by which the channel may be opened, e.g. behind a proxy. @default none */
  readonly allowedHosts?: readonly string[];
}

/** The one channel that there is on the web. */
export const WEB_CHANNEL: ChannelRef = { platform: 'web', channelId: 'easel' };

const MIN_EDIT_INTERVAL_MS = 150;
const MAX_ATTACHMENT_BYTES = 64 * 1024 * 1024;

/**
 * Easel's own chat channel: a page and an HTTP API on a local port. Posts are possible before `start`, which opens it
 * to people.
 * @throws EaselError `data_folder` when the folder cannot be written; as `openSqlite` does
 */
export function createWebPort(options: WebPortOptions): ChannelPort & { readonly url: string } {
  const { log: messages, files, tokens } = openData(options.dataFolder);
  const feed = createChangeFeed();
  const state = createChannelState({ log: messages, files, feed, now: Date.now });
  const uploads = createUploads(files);
  let server: Server | undefined;
  let boundPort = options.port;

  function createServer({ dispatch, complete }: ChannelHandlers): Server {
    const { commands, messageActions, permissions, log } = options;
    const inbound = createInbound({ state, files, channel: WEB_CHANNEL, commands, permissions, dispatch });
    const { fetch } = createRoutes({
      ...{ state, files, feed, tokens, inbound, commands, messageActions, complete, log },
      channel: WEB_CHANNEL,
      uploads,
      title: options.title ?? 'Easel',
      allowedHosts: options.allowedHosts ?? [],
      pageFiles: loadPageFiles(),
    });
    const created = createAdaptorServer({ fetch }) as Server;
    secureResponses(created);
    return created;
  }

  return {
    platform: 'web',
    capabilities: {
      minEditIntervalMs: MIN_EDIT_INTERVAL_MS,
      maxAttachmentBytes: MAX_ATTACHMENT_BYTES,
      previews: true,
    },
    get url() {
      return `http://${urlHost(options.host)}:${boundPort}`;
    },
    async start(handlers) {
      server = createServer(handlers);
      boundPort = await listen(server, options.port, options.host);
    },
    async stop() {
      feed.close();
      await close(server);
      server = undefined;
      uploads.close();
      messages.close();
    },
    async post(channel, reply, nonce): Promise<MessageRef> {
      if (channel.channelId !== WEB_CHANNEL.channelId) {
        throw new MessageGoneError(`The web has no channel ${channel.channelId}.`);
      }
      return { channel: WEB_CHANNEL, messageId: await state.post(reply, `post:${nonce}`) };
    },
    edit: (message, reply) => state.edit(message.messageId, reply),
    delete: (message) => state.delete(message.messageId),
    pictures: state.pictures,
  };
}

function openData(dataFolder: string) {
  const folder = join(dataFolder, 'web');
  try {
    makePrivateFolder(folder);
    return {
      log: openMessageLog(dataFolder),
      files: openPictureFiles(join(folder, 'pictures')),
      tokens: createPersonTokens(loadTokenSecret(join(folder, 'secret'))),
    };
  } catch (cause) {
    if (cause instanceof EaselError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const sentence = `The data folder ${folder} cannot be used (${reason}); make it writable or choose another.`;
    throw new EaselError('data_folder', sentence, { cause });
  }
}

/** The address a browser on this machine opens. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIPv6(host) ? `[${host}]` : host;
}

/** @returns the port. @throws EaselError when it is taken or not allowed. */
function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const problem = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${cause.code ?? cause.message})`;
      reject(new EaselError('web_port', `Port ${port} on ${host} ${problem}; choose another.`, { cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
}

function close(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) return resolve();
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
