/**
 * A process that writes pictures without end, for tests that kill it. Arguments: folder. Prints each job's id once its
 * pictures are written.
 */

import { createPictureStore } from '../../src/store/pictures.ts';
import { picturesOf } from './written-pictures.ts';

const [folder = ''] = process.argv.slice(2);
const store = createPictureStore(folder, async ({ rgb }) => rgb);
for (let number = 0; ; number += 1) {
  const jobId = `job${number}`;
  await store.put(jobId, picturesOf(jobId));
  process.stdout.write(`${jobId}\n`);
}
