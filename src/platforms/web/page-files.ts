import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PageFile {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
  readonly etag: string;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page's own files by name: exactly these are served, so no request reaches the file system. */
export function loadPageFiles(): ReadonlyMap<string, PageFile> {
  const folder = new URL('./page/', import.meta.url);
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(fileURLToPath(folder))) {
    const mediaType = MEDIA_TYPES[extname(name)];
    if (mediaType === undefined) continue;
    const data = new Uint8Array(readFileSync(new URL(name, folder)));
    const etag = `"${createHash('sha256').update(data).digest('base64url').slice(0, 22)}"`;
    files.set(name, { data, mediaType, etag });
  }
  return files;
}
