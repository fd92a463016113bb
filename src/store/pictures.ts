import { mkdir, opendir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Picture } from '../../engine/index.ts';
import { codeOf, filesIn, goneError, readIfThere, syncFolder, writeWhole } from './files.ts';
import { decodeLatents, encodeLatents } from './latents.ts';
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
    put: async (jobId, index, picture) => {
      const target = folderOf(jobId);
      const png = await encode(picture);
      await makeFolder(target);
      await writeWhole(join(target, `${index}.latents`), encodeLatents(picture.latents));
      await writeWhole(join(target, `${index}.png`), png);
    },
    png: (jobId, index) => readIfThere(join(folderOf(jobId), `${index}.png`)),
    latents: async (jobId, index) => {
      const bytes = await readIfThere(join(folderOf(jobId), `${index}.latents`));
      return bytes === undefined ? undefined : decodeLatents(bytes);
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

/** Never its parent: a data folder that is gone must not be begun anew beside the one that may come back. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw goneError(path);
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}
