import { EaselError } from '../../core/errors.ts';
import type { RemotePicture } from '../../core/request.ts';
import { readBounded } from '../../lib/read-bounded.ts';
import { fileIdsOf, type ReceivedBlock } from './blocks.ts';
import type { WebApi } from './web-api.ts';

const FETCH_LIMIT_MS = 20_000;
/** Where Slack keeps what people upload; the token goes nowhere else. */
const SLACK_HOSTS = /^(?:[\w-]+\.)?(?:slack\.com|slack-files\.com|slack-edge\.com|slack-gov\.com)$/;

/** A file as Slack's events and messages describe it. */
export interface ReceivedFile {
  readonly id?: string;
  readonly name?: string | null;
  readonly mimetype?: string;
  readonly size?: number;
  readonly url_private?: string;
  readonly url_private_download?: string;
}

/** What hangs on a message. */
export interface ReceivedMessage {
  readonly files?: readonly ReceivedFile[] | undefined;
  readonly blocks?: readonly ReceivedBlock[] | undefined;
}

/** Pictures on messages, fetched by the bot's right when they are asked for. */
export interface RemotePictures {
  of(message: ReceivedMessage): RemotePicture[];
}

export interface RemotePicturesOptions {
  readonly api: WebApi;
  readonly botToken: string;
  /** A proxy or an emulator serves files itself. */
  readonly apiUrl: string | undefined;
}

export function createRemotePictures({ api, botToken, apiUrl }: RemotePicturesOptions): RemotePictures {
  const ownHost = apiUrl === undefined ? undefined : new URL(apiUrl).host;

  async function locate(fileId: string): Promise<string> {
    const { file } = await api
      .run('files.info', (client) => client.files.info({ file: fileId }))
      .catch((cause) => {
        throw unavailable(cause);
      });
    return addressOf(file ?? {}) ?? '';
  }

  async function fetchBytes(address: string, maxBytes: number): Promise<Uint8Array> {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (url === undefined || !(url.host === ownHost || (url.protocol === 'https:' && SLACK_HOSTS.test(url.host)))) {
      throw unavailable();
    }
    try {
      const headers = { authorization: `Bearer ${botToken}` };
      const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(FETCH_LIMIT_MS) });
      // Without the right to read a file Slack hands out a page that asks to sign in.
      const isPage = response.headers.get('content-type')?.startsWith('text/html') === true;
      if (!response.ok || response.body === null || isPage) throw unavailable();
      return await readBounded(response.body, maxBytes);
    } catch (cause) {
      if (cause instanceof EaselError) throw cause;
      throw unavailable(cause);
    }
  }

  function fromFile(file: ReceivedFile): RemotePicture {
    const { id, name, mimetype, size } = file;
    return {
      name: name ?? 'picture',
      mediaType: mimetype ?? 'application/octet-stream',
      byteLength: size,
      fetch: async (maxBytes) => fetchBytes(addressOf(file) ?? (await locate(id ?? '')), maxBytes),
    };
  }

  function fromBlock(fileId: string): RemotePicture {
    return {
      name: `${fileId}.png`,
      mediaType: 'image/png',
      byteLength: undefined,
      fetch: async (maxBytes) => fetchBytes(await locate(fileId), maxBytes),
    };
  }

  return {
    of: ({ files = [], blocks = [] }) => [
      ...fileIdsOf(blocks).map(fromBlock),
      ...files.filter(({ mimetype }) => mimetype?.startsWith('image/') === true).map(fromFile),
    ],
  };
}

function addressOf({ url_private_download, url_private }: ReceivedFile): string | undefined {
  return url_private_download ?? url_private;
}

function unavailable(cause?: unknown): EaselError {
  const sentence = 'Easel could not download that picture from Slack; upload it again.';
  return new EaselError('picture_unavailable', sentence, { cause });
}
