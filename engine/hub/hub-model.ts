import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { listFiles, modelInfo } from '@huggingface/hub';
import { EngineError, isEngineError } from '../errors.ts';
import { exists } from '../model/config-file.ts';
import { readModelFolder } from '../model/folder.ts';
import type { Model, PendingDownload } from '../model/model.ts';
import { hasTokenizerExtras } from '../tokenizer/tokenizer-files.ts';
import { hasPickleName } from '../weights/pickle.ts';
import { download } from './download.ts';
import { HubCache } from './hub-cache.ts';
import { hubError, offlineError } from './hub-errors.ts';
import { type HubId, hubModelName } from './hub-id.ts';
import { type HubSettings, readHubSettings } from './hub-settings.ts';
import { type HubFile, neededFiles } from './needed-files.ts';

const RETRY_DELAY_MS = 1000;

/**
 * A model on the Hub: from the cache when all of it is there, without asking the Hub. Otherwise its configuration is
 * fetched now and its weights when they are needed: see `Model.download`.
 * @throws EngineError with a sentence for whoever wrote the id
 */
export async function readHubModel(id: HubId, retryDelayMs = RETRY_DELAY_MS): Promise<Model> {
  const settings = await readHubSettings();
  const cache = new HubCache(settings.cacheFolder, id.repo);
  const cached = await fromCache(id, cache).catch((error: unknown) => {
    // Another program may have fetched the pickles where there are safetensors files, too.
    if (settings.offline || !isAboutPickle(error)) throw error;
    return undefined;
  });
  if (cached !== undefined && (settings.offline || (await hasTokenizerExtras(cached.textEncoders[0].tokenizer))))
    return cached;
  if (settings.offline) throw offlineError(id);
  try {
    return await fromHub(id, cache, settings, retryDelayMs);
  } catch (error) {
    // Older versions of Easel fetched a tokenizer without the files that name its padding: they did for most models.
    if (cached !== undefined) return cached;
    throw hubError(error, id, settings);
  }
}

async function fromCache(id: HubId, cache: HubCache): Promise<Model | undefined> {
  const commit = await cache.commitOf(id.revision);
  if (commit === undefined) return undefined;
  return readModelFolder(cache.snapshot(commit), optionsOf(id)).catch(unlessMissing);
}

async function fromHub(id: HubId, cache: HubCache, settings: HubSettings, retryDelayMs: number): Promise<Model> {
  const { repo, revision, variant } = id;
  const access = { hubUrl: settings.endpoint, ...(settings.token !== undefined && { accessToken: settings.token }) };
  const { sha, gated } = await modelInfo({ name: repo, revision, additionalFields: ['sha'], ...access });
  const commit = checkHash(sha);
  const explain = (error: unknown) => Promise.reject(hubError(error, id, settings, gated !== false));
  const files: HubFile[] = [];
  for await (const { type, path, size, oid, lfs } of listFiles({
    repo,
    revision: commit,
    recursive: true,
    ...access,
  })) {
    if (type === 'file') files.push({ path, size, etag: checkHash(lfs?.oid ?? oid), isLarge: lfs !== undefined });
  }
  const { configs, weights } = neededFiles(files, repo, variant);
  const fetchFile = async (file: HubFile, onProgress: (bytes: number) => void) => {
    if (!(await exists(cache.blob(file.etag)))) {
      await download({
        url: `${settings.endpoint}/${repo}/resolve/${commit}/${file.path}`,
        token: settings.token,
        file: cache.blob(file.etag),
        size: file.size,
        sha256: file.isLarge ? file.etag : undefined,
        onProgress,
        retryDelayMs,
      }).catch(explain);
    }
    await cache.link(commit, file.path, file.etag);
  };
  for (const file of configs) await fetchFile(file, () => undefined);
  await cache.rememberCommit(revision, commit);

  const model = await readModelFolder(cache.snapshot(commit), {
    ...optionsOf(id),
    awaited: weights.map(({ path }) => path),
  });
  const bytes = weights.reduce((sum, { size }) => sum + size, 0);
  const pending: PendingDownload = {
    bytes,
    async run(onProgress) {
      try {
        await refuseFullDisk(cache, weights, id);
        let before = 0;
        for (const file of weights) {
          await fetchFile(file, (there) => onProgress(before + there));
          before += file.size;
          onProgress(before);
        }
      } catch (error) {
        throw hubError(error, id, settings);
      }
    },
  };
  return { ...model, download: pending };
}

/** Hashes become names of files, so nothing else may stand in their place. */
function checkHash(hash: string | undefined): string {
  if (hash !== undefined && /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(hash)) return hash;
  throw new EngineError('corrupt_file', 'The Hub sent an unexpected answer; check HF_ENDPOINT.', {});
}

/** Before gigabytes are fetched in vain. */
async function refuseFullDisk(cache: HubCache, files: readonly HubFile[], { repo }: HubId): Promise<void> {
  let needed = 0;
  for (const file of files) if (!(await exists(cache.blob(file.etag)))) needed += file.size;
  const disk = await statfs(dirname(cache.blob('any'))).catch(() => undefined);
  if (disk === undefined || disk.bavail * disk.bsize >= needed) return;
  throw new EngineError(
    'bad_request',
    `The disk is too full for ${repo}: it needs ${gigabytes(needed)}, and ${gigabytes(disk.bavail * disk.bsize)} are free; free some space, or set HF_HOME to another disk.`,
    { repo, needed },
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function optionsOf(id: HubId) {
  return { id: hubModelName(id), variant: id.variant };
}

function isAboutPickle(error: unknown): boolean {
  return isEngineError(error) && typeof error.facts.file === 'string' && hasPickleName(error.facts.file);
}

function unlessMissing(error: unknown): undefined {
  if (isEngineError(error) && error.code === 'missing_file') return undefined;
  throw error;
}
