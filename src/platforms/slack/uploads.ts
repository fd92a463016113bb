import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { webApi } from '@slack/bolt';
import { LRUCache } from 'lru-cache';
import type { ReplyPicture } from '../../core/reply.ts';
import { isTransient, SlackRequestError } from './errors.ts';
import type { OrphanedFiles } from './orphaned-files.ts';
import type { WebApi } from './web-api.ts';

/** Pauses before looks at a file that Slack is still working on: 30 s in all. */
const LOOK_AFTER_MS = [250, 500, 750, 1000, 1500, 2000, 2000, 3000, 3000, 4000, 5000, 7000];
/** The first look comes when the last files were ready, and a little earlier each time that this was late enough. */
const EARLIER = 0.95;
const MAX_FIRST_LOOK_MS = 5000;
const SEND_LIMIT_MS = 2 * 60_000;
const MAX_UPLOADS = 2;
const REMEMBERED_FILES = 500;

/** Pictures on their way into Slack. */
export interface Uploads {
  /**
   * Uploads a picture, and waits until Slack can show it. The same picture again is the same file.
   * @param isUrgent goes before what is not @returns the file's id. @throws SlackTroubleError
   */
  upload(picture: ReplyPicture, isUrgent: boolean): Promise<string>;
  /** What lasts shows these. On disk when it resolves. */
  keep(fileIds: readonly string[]): Promise<void>;
  /** Takes a file out of the workspace; the next upload of that picture is a new one. Never rejects. */
  discard(fileId: string): Promise<void>;
  /** The same for a file that could not be shown, unless something else shows it. */
  abandon(fileId: string): Promise<void>;
}

export interface UploadsOptions {
  readonly api: WebApi;
  readonly orphans: OrphanedFiles;
  /** Milliseconds before each look at a file that Slack is still working on; then it is uploaded again. */
  readonly lookAfterMs?: readonly number[];
}

export function createUploads({ api, orphans, lookAfterMs = LOOK_AFTER_MS }: UploadsOptions): Uploads {
  /** File ids by the hash of what is in them. */
  const files = new LRUCache<string, Promise<string>>({ max: REMEMBERED_FILES });
  const ids = new LRUCache<string, string>({ max: REMEMBERED_FILES });
  const [soonest = 0] = lookAfterMs;
  /** Milliseconds that Slack lately took for a file. */
  let usualMs = soonest;

  async function reserve({ name, data }: ReplyPicture, isUrgent: boolean) {
    const { upload_url: url, file_id: fileId } = await api.run(
      'files.getUploadURLExternal',
      (client) => client.files.getUploadURLExternal({ filename: name, length: data.length }),
      isUrgent,
    );
    if (url === undefined || fileId === undefined) throw new SlackRequestError('Slack gave no upload URL');
    return { url, fileId };
  }

  async function send(url: string, { data, mediaType }: ReplyPicture): Promise<void> {
    const signal = AbortSignal.timeout(SEND_LIMIT_MS);
    const body = new Blob([new Uint8Array(data)], { type: mediaType });
    const response = await fetch(url, { method: 'POST', body, signal }).catch((error: unknown) => {
      throw new SlackRequestError(`upload: ${error instanceof Error ? error.message : String(error)}`);
    });
    await response.arrayBuffer();
    if (!response.ok) throw new SlackRequestError(`upload: HTTP ${response.status}`, { status: response.status });
  }

  /** Slack says ok before it has looked at the file, and sometimes it never does. */
  async function waitUntilShown(fileId: string, isUrgent: boolean): Promise<boolean> {
    const signal = AbortSignal.timeout(SEND_LIMIT_MS);
    const begun = performance.now();
    for (const [look, pause] of [usualMs, ...lookAfterMs.slice(1)].entries()) {
      await sleep(pause, undefined, { signal });
      const lookedAt = performance.now();
      const { file } = await api
        .run('files.info', (client) => client.files.info({ file: fileId }), isUrgent)
        .catch(unseen);
      if (!isReady(file)) continue;
      usualMs = Math.max(soonest, Math.min(MAX_FIRST_LOOK_MS, look === 0 ? usualMs * EARLIER : lookedAt - begun));
      return true;
    }
    return false;
  }

  async function uploadOnce(picture: ReplyPicture, isUrgent: boolean): Promise<string | undefined> {
    const { url, fileId } = await reserve(picture, isUrgent);
    await orphans.note(fileId);
    await send(url, picture);
    try {
      const { files: [file] = [] } = await api.run(
        'files.completeUploadExternal',
        (client) => client.files.completeUploadExternal({ files: [{ id: fileId, title: picture.name }] }),
        isUrgent,
      );
      if (isReady(file)) return fileId;
    } catch (error) {
      // Without an answer nobody knows; the file itself tells.
      if (!(error instanceof SlackRequestError && isTransient(error))) throw error;
    }
    if (await waitUntilShown(fileId, isUrgent)) return fileId;
    void orphans.remove(fileId);
    return undefined;
  }

  async function uploadPatiently(picture: ReplyPicture, isUrgent: boolean): Promise<string> {
    for (let tries = 0; tries < MAX_UPLOADS; tries++) {
      const fileId = await uploadOnce(picture, isUrgent);
      if (fileId !== undefined) return fileId;
    }
    throw new SlackRequestError('Slack accepted an upload but never shared it');
  }

  function remember(key: string, uploaded: Promise<string>): void {
    files.set(key, uploaded);
    uploaded.then(
      (fileId) => ids.set(fileId, key),
      () => files.delete(key),
    );
  }

  async function discard(fileId: string): Promise<void> {
    const key = ids.get(fileId);
    if (key !== undefined) files.delete(key);
    ids.delete(fileId);
    await orphans.remove(fileId);
  }

  return {
    upload: (picture, isUrgent) => {
      const key = createHash('sha256')
        .update(`${picture.name}\0${picture.alt}\0`)
        .update(picture.data)
        .digest('base64');
      const known = files.get(key);
      if (known !== undefined) return known;
      const uploaded = uploadPatiently(picture, isUrgent);
      remember(key, uploaded);
      return uploaded;
    },
    keep: (fileIds) => orphans.keep(fileIds),
    discard,
    abandon: async (fileId) => {
      if (orphans.has(fileId)) await discard(fileId);
    },
  };
}

/** Its type is known once Slack has looked at it. */
function isReady(file: { readonly mimetype?: string } | undefined): boolean {
  return file?.mimetype !== undefined && file.mimetype !== '';
}

/** A file that was just made may not be known everywhere yet. */
function unseen(error: unknown): webApi.FilesInfoResponse {
  if (error instanceof SlackRequestError && error.code === 'file_not_found') return { ok: false };
  throw error;
}
