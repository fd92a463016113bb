import type { IncomingMessage } from 'node:http';
import { refuse } from '../discord-error.ts';

export interface UploadedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly data: Uint8Array;
}

/** A request's JSON, and the files that came with it by the number in `files[n]`. */
export interface RequestBody {
  readonly json: unknown;
  readonly files: ReadonlyMap<string, UploadedFile>;
}

const NO_FILES: ReadonlyMap<string, UploadedFile> = new Map();

export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** @throws DiscordError 50035 for what is neither JSON nor a form with `payload_json` */
export async function parseBody(bytes: Buffer, contentType: string | undefined): Promise<RequestBody> {
  if (bytes.length === 0) return { json: undefined, files: NO_FILES };
  if (contentType?.startsWith('application/json') === true)
    return { json: parseJson(bytes.toString()), files: NO_FILES };
  if (contentType?.startsWith('multipart/form-data') !== true) {
    throw refuse.invalidBody([
      `Expected "Content-Type" header to be JSON or multipart, not ${contentType ?? 'nothing'}`,
    ]);
  }
  const form = await new Response(new Uint8Array(bytes), { headers: { 'content-type': contentType } }).formData();
  const payload = form.get('payload_json');
  if (typeof payload !== 'string') throw refuse.invalidBody(['payload_json is missing']);
  const files = new Map<string, UploadedFile>();
  for (const [name, value] of form) {
    const key = /^files\[(\d+)\]$/.exec(name)?.[1];
    if (name === 'payload_json') continue;
    if (key === undefined || typeof value === 'string') throw refuse.invalidBody([`${name} is no file`]);
    const data = new Uint8Array(await value.arrayBuffer());
    files.set(key, { filename: value.name, contentType: value.type, data });
  }
  return { json: parseJson(payload), files };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refuse.invalidBody(['The request body contains invalid JSON.']);
  }
}
