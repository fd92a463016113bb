import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A repository as the Hub has it. */
export interface HubRepository {
  readonly name: string;
  readonly commit: string;
  readonly files: ReadonlyMap<string, Buffer>;
  readonly gated?: boolean;
  /** Bytes that the Hub says a file has, where they are not those of its content. */
  readonly claimed?: Readonly<Record<string, number>>;
  /** Whoever has no token of the server's is told that it does not exist. */
  readonly isPrivate?: boolean;
}

export interface HubServer {
  readonly url: string;
  /** `METHOD path range` of every request, in order. */
  readonly requests: string[];
  /** Tokens that reached the other host, where the large files are. */
  readonly tokensAtStore: string[];
  /** Bytes of large files that were sent. */
  sent: number;
  /** Cuts each connection to the store after so many bytes; undefined never. */
  cutAfter: number | undefined;
  /** Answers so many requests with 503 first. */
  failures: number;
  /** Changes what the store sends. */
  corrupt: boolean;
  /** Holds every answer of the store back until it resolves. */
  gate: Promise<void>;
  close(): Promise<void>;
}

export const GOOD_TOKEN = 'hf_good';
const LARGE = 20_000;
const PAGE = 6;

export function repositoryOf(name: string, folder: string, more: Readonly<Record<string, string>> = {}): HubRepository {
  const files = new Map(Object.entries(more).map(([path, text]) => [path, Buffer.from(text)]));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(path));
  }
  return { name, commit: createHash('sha1').update(name).digest('hex'), files };
}

/** Speaks the Hub's protocol as far as a model's download goes; large files are on another host, as on the Hub. */
export async function openHubServer(repositories: readonly HubRepository[]): Promise<HubServer> {
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  const state: Omit<HubServer, 'url' | 'close'> = {
    requests: [],
    tokensAtStore: [],
    sent: 0,
    cutAfter: undefined,
    failures: 0,
    corrupt: false,
    gate: Promise.resolve(),
  };
  const large = new Map(
    repositories.flatMap(({ files }) => [...files.values()].filter(isLarge).map((bytes) => [sha256(bytes), bytes])),
  );

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://hub');
    state.requests.push(`${request.method} ${pathname} ${request.headers.range ?? ''}`.trim());
    if (state.failures > 0) {
      state.failures -= 1;
      return end(response, 503);
    }
    const [, api, kind, owner, name, verb, revision] = pathname.split('/');
    if (pathname.startsWith('/store/')) return store(request, response, pathname.split('/')[2] ?? '');
    const isApi = api === 'api' && kind === 'models';
    const repository = repositories.find((one) => one.name === (isApi ? `${owner}/${name}` : `${api}/${kind}`));
    const isKnown = request.headers.authorization === `Bearer ${GOOD_TOKEN}`;
    if (repository === undefined || (repository.isPrivate === true && !isKnown))
      return end(response, 401, 'RepoNotFound');
    const asked = decodeURIComponent((isApi ? revision : name) ?? '');
    if (isApi && ![repository.commit, 'main', 'v2'].includes(asked)) return end(response, 404, 'RevisionNotFound');
    if (isApi && verb === 'revision') {
      const { commit: sha, gated = false, isPrivate = false } = repository;
      return json(response, {
        _id: '1',
        id: repository.name,
        sha,
        gated: gated && 'auto',
        private: isPrivate,
        downloads: 0,
        likes: 0,
      });
    }
    if (isApi && verb === 'tree') return tree(response, repository, Number(searchParams.get('cursor') ?? 0));
    if (repository.gated === true && !isKnown) return end(response, 401, 'GatedRepo');
    const path = pathname.split('/').slice(5).join('/');
    const bytes = repository.files.get(path);
    if (owner !== 'resolve' || bytes === undefined) return end(response, 404, 'EntryNotFound');
    if (!isLarge(bytes)) return void response.writeHead(200, { ETag: `"${gitHash(bytes)}"` }).end(bytes);
    const location = `http://localhost:${port()}/store/${sha256(bytes)}`;
    response.writeHead(302, {
      Location: location,
      'X-Linked-ETag': `"${sha256(bytes)}"`,
      'X-Linked-Size': bytes.length,
    });
    response.end();
  }

  function tree(response: ServerResponse, repository: HubRepository, cursor: number): void {
    const { name, commit, files, claimed = {} } = repository;
    const entries = [...files].map(([path, bytes]) => ({
      ...{ type: 'file', path, size: claimed[path] ?? bytes.length, oid: gitHash(bytes) },
      ...(isLarge(bytes) && { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } }),
    }));
    const next = `<${url()}/api/models/${name}/tree/${commit}?recursive=true&cursor=${cursor + PAGE}>; rel="next"`;
    if (cursor + PAGE < entries.length) response.setHeader('Link', next);
    json(response, entries.slice(cursor, cursor + PAGE));
  }

  async function store(request: IncomingMessage, response: ServerResponse, hash: string): Promise<void> {
    if (request.headers.authorization !== undefined) state.tokensAtStore.push(request.headers.authorization);
    await state.gate;
    const whole = large.get(hash) ?? Buffer.alloc(0);
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const body = Buffer.from(whole.subarray(from));
    if (state.corrupt) body.fill(0xff, 0, 1);
    const part = from > 0 ? { 'Content-Range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': body.length, ...part });
    const some = body.subarray(0, state.cutAfter ?? body.length);
    state.sent += some.length;
    if (some.length === body.length) response.end(some);
    else response.write(some, () => response.destroy());
  }

  const port = () => (server.address() as AddressInfo).port;
  const url = () => `http://127.0.0.1:${port()}`;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: url(),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  });
}

function isLarge(bytes: Buffer): boolean {
  return bytes.length > LARGE;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function gitHash(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
}

function end(response: ServerResponse, status: number, code?: string): void {
  if (code !== undefined) response.setHeader('X-Error-Code', code);
  response.writeHead(status).end();
}
