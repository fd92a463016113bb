import { link, mkdir, opendir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Picture } from '../../engine/index.ts';
import { codeOf, goneError, readIfThere, syncFolder, writeAtomically } from '../lib/atomic-files.ts';
import { PRIVATE_FOLDER } from '../lib/private-files.ts';
import { decodeLatents, encodeLatents } from './latents-file.ts';
import { filesIn } from './list-files.ts';
import type { PictureStore } from './port.ts';

const JOB_ID = /^[0-9a-z]{1,64}$/;

/**
 * Pictures as files: `<folder>/<jobId>/<index>.png` and `.latents` beside it. A file with its final name is whole.
 * @param encode PNG with the `parameters` text
 */
export function createPictureStore(folder: string, encode: (picture: Picture) => Promise<Uint8Array>): PictureStore {
  const startedAt = Date.now();
  const folderOf = (jobId: string): string => {
    if (!JOB_ID.test(jobId)) throw new RangeError(`not a job id: ${jobId}`);
    return join(folder, jobId);
  };

  return {
    put: async (jobId, pictures) => {
      const target = folderOf(jobId);
      const files = new Map<string, Uint8Array>();
      for (const [index, picture] of pictures.entries()) {
        files.set(`${index}.latents`, encodeLatents(picture.latents));
        files.set(`${index}.png`, await encode(picture));
      }
      await makeFolder(target);
      await writeAtomically(target, files);
    },
    png: (jobId, index) => readIfThere(join(folderOf(jobId), `${index}.png`)),
    latents: async (jobId, index) => {
      const bytes = await readIfThere(join(folderOf(jobId), `${index}.latents`));
      return bytes === undefined ? undefined : decodeLatents(bytes);
    },
    copy: async (fromJobId, toJobId, count) => {
      const [from, to] = [folderOf(fromJobId), folderOf(toJobId)];
      const names = Array.from({ length: count }, (_, index) => [`${index}.latents`, `${index}.png`]).flat();
      await makeFolder(to);
      try {
        for (const name of names) await linkFile(from, to, name);
        await syncFolder(to);
        return true;
      } catch (error) {
        await rm(to, { recursive: true, force: true });
        if (codeOf(error) === 'ENOENT') return false;
        throw error;
      }
    },
    delete: (jobId) => rm(folderOf(jobId), { recursive: true, force: true }),
    kept: async function* () {
      for await (const { name } of await opendir(folder)) {
        if (!JOB_ID.test(name)) continue;
        let [bytes, usedAt] = [0, 0];
        for await (const file of filesIn(join(folder, name), startedAt)) {
          bytes += file.bytes;
          usedAt = Math.max(usedAt, file.changedAt);
        }
        yield { key: name, bytes, usedAt };
      }
    },
  };
}

/** Two names of the same bytes, which are never changed; a copy where the file system has no links. */
async function linkFile(from: string, to: string, name: string): Promise<void> {
  try {
    await link(join(from, name), join(to, name));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return;
    if (code === 'ENOENT' || code === 'ENOSPC') throw error;
    await writeAtomically(to, new Map([[name, await readFile(join(from, name))]]));
  }
}

/** Never its parent: a data folder that is gone must not be begun again beside the one that may come back. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, PRIVATE_FOLDER);
    await syncFolder(dirname(path));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw goneError(path);
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
