/**
 * A process that holds the local queue over a data folder, for tests that kill it. Arguments: data folder, then the
 * requests to submit. Prints `begun PROMPT` and `rendered PROMPT`; each picture takes 300 ms.
 */

import { specOf } from '../../engine/index.ts';
import { withoutPixels } from '../../src/app/runner.ts';
import type { Job } from '../../src/core/job.ts';
import { createLocalQueue } from '../../src/queue/local-queue.ts';
import { openStore } from '../../src/store/store.ts';
import { createControlledEngine } from './controlled-engine.ts';
import { draftOf } from './samples.ts';

const PICTURE_MS = 300;

const [dataFolder = '', ...requests] = process.argv.slice(2);
const store = openStore(dataFolder, async () => new Uint8Array());
const queue = createLocalQueue({
  store,
  limits: { maxWaitingPerUser: 100, maxWaiting: 100 },
  explain: (error) => ({ code: 'unexpected', userMessage: String(error) }),
});
const engine = createControlledEngine();
const say = (what: string, job: Job) => process.stdout.write(`${what} ${specOf(job.task).prompt}\n`);

queue.onProgress((job) => say('begun', job));
queue.onOutcome(({ kind, job }) => say(kind, job));
for (const request of requests) await queue.submit(draftOf(request));
await queue.work(async (job, options) => {
  const result = engine.run(job.task, options);
  const index = engine.runs.length - 1;
  setTimeout(() => engine.runs[index]?.finish(), PICTURE_MS);
  return withoutPixels(await result);
});
setInterval(() => {}, 1000);
