/**
 * A process that writes pictures without end, for tests that kill it. Arguments: folder, milliseconds between two jobs.
 * Prints each job's id once its pictures are written.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { createPictureStore } from '../../src/store/picture-store.ts';
import { picturesOf } from './sample-pictures.ts';

const [folder = '', pauseMs = '0'] = process.argv.slice(2);
const store = createPictureStore(folder, async ({ rgb }) => rgb);
for (let number = 0; ; number += 1) {
  const jobId = `job${number}`;
  await store.put(jobId, picturesOf(jobId));
  process.stdout.write(`${jobId}\n`);
  await sleep(Number(pauseMs));
}
