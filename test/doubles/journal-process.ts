/**
 * A process that writes jobs without end, many at a time, for tests that kill it. Arguments: data folder. Prints each
 * job's id once it is written.
 */

import { transition } from '../../src/core/job-state.ts';
import { openStore } from '../../src/store/store.ts';
import { jobNamed, SHOWN } from './samples.ts';

const AT_ONCE = 8;

const [folder = ''] = process.argv.slice(2);
const { jobs } = openStore(folder, async ({ rgb }) => rgb);

async function live(id: string): Promise<void> {
  await jobs.put(jobNamed(id));
  process.stdout.write(`${id}\n`);
  await jobs.update(id, (job) => ({ ...job, starred: ['web:ben'] }));
  await jobs.update(id, (job) => transition(job, 'running', 2));
  await jobs.update(id, (job) => transition(job, 'rendered', 3, { pictures: SHOWN.pictures ?? [] }));
  await jobs.update(id, (job) => ({ ...transition(job, 'delivered', 4), starred: [] }));
  await jobs.delete(id, () => id.endsWith('7'));
}

for (let number = 0; ; number += AT_ONCE) {
  await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => live(`job${number + index}`)));
}
