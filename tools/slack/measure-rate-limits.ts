/**
 * How many finished pictures Slack shows in a minute, and how many calls each costs, when people ask for more than its
 * rate limits let through: real Bolt against the emulated Slack with the documented limits, an engine that only waits.
 *
 *     npx tsx tools/slack/measure-rate-limits.ts [--minutes 3] [--rate 2.7] [--drawn 1] [--channels 30]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Engine } from '../../engine/index.ts';
import { createApp } from '../../src/app/app.ts';
import { readConfig } from '../../src/app/config.ts';
import { createLog } from '../../src/lib/log.ts';
import { createSlackPort } from '../../src/platforms/slack/index.ts';
import { createInstantEngine } from '../../test/doubles/instant-engine.ts';
import { createMemoryValueStore } from '../../test/doubles/memory-value-store.ts';
import { APP_TOKEN, BOT_TOKEN, type SlackEmulator, startSlack } from '../../test/emulators/slack/server.ts';
import { visibleMessage } from '../../test/emulators/slack/visible-message.ts';
import type { Person } from '../../test/emulators/slack/workspace.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    /** Requests a second. */
    rate: { type: 'string', default: '2.7' },
    /** Pictures a second that the engine draws. */
    drawn: { type: 'string', default: '1' },
    channels: { type: 'string', default: '30' },
  },
});
const [minutes, rate, channels] = [Number(values.minutes), Number(values.rate), Number(values.channels)];
const PEOPLE = 300;
const STEPS = 4;
/** As Slack's own processing of an upload takes. */
const PROCESSING_MS = 1500;

/** Draws one picture after the other, with a preview at each step. */
function createTimedEngine(): Engine {
  const painted = createInstantEngine();
  const preview = { width: 16, height: 16, rgb: new Uint8Array(16 * 16 * 3) };
  return {
    ...painted,
    run: async (task, options = {}) => {
      for (let step = 1; step <= STEPS; step++) {
        await sleep(1000 / Number(values.drawn) / STEPS);
        options.onProgress?.({ phase: 'denoising', step, steps: STEPS, previews: [preview] });
      }
      return painted.run(task);
    },
  };
}

function populate({ workspace }: SlackEmulator): readonly Person[] {
  const people = Array.from({ length: PEOPLE }, (_, index): Person => {
    const id = `UCROWD${index}`;
    return { id, name: `person${index}`, displayName: `Person ${index}`, isAdmin: false, isBot: false };
  });
  for (const person of people) (workspace.people as Map<string, Person>).set(person.id, person);
  const members = new Set(workspace.people.keys());
  for (let index = 0; index < channels; index++) {
    const id = `CCROWD${index}`;
    workspace.channels.set(id, { id, name: id.toLowerCase(), kind: 'public', members, isArchived: false });
  }
  return people;
}

const folder = await mkdtemp(join(tmpdir(), 'easel-pace-'));
const slack = await startSlack();
slack.faults.postIntervalMs = 1000;
slack.faults.processingMs = PROCESSING_MS;
const people = populate(slack);
const log = createLog('error');
const entry = { kind: 'socket', appToken: APP_TOKEN } as const;
const port = createSlackPort({
  botToken: BOT_TOKEN,
  delivery: entry,
  apiUrl: slack.apiUrl,
  log,
  commands: [],
  files: createMemoryValueStore(),
  answeredEvents: createMemoryValueStore(),
});
const config = readConfig({ EASEL_DATA: folder, EASEL_COUNT: '1', EASEL_CONCURRENCY: '1' });
const app = await createApp(config, { ports: [port], engine: createTimedEngine(), log });
let rendered = 0;
app.queue.onOutcome(({ kind }) => {
  if (kind === 'rendered') rendered += 1;
});
await app.start();

const isFinished = (message: Parameters<typeof visibleMessage>[1]) =>
  visibleMessage(slack, message).buttons.join(' ').includes('📄');
const finished = () => slack.workspace.messages.filter(isFinished).length;
let asked = 0;
let shown = 0;
for (let minute = 1; minute <= minutes; minute++) {
  const until = performance.now() + 60_000;
  while (performance.now() < until) {
    const person = people[asked % PEOPLE];
    const channel = `CCROWD${asked % channels}`;
    asked += 1;
    if (person !== undefined) await slack.actions.command(`/imagine crowd ${asked}`, { channel, person });
    await sleep(1000 / rate);
  }
  const now = finished();
  process.stdout.write(`minute ${minute}: asked ${asked}, drawn ${rendered}, shown ${now} (${now - shown} in it)\n`);
  shown = now;
}
const counts = new Map<string, { calls: number; refused: number }>();
for (const { method, error } of slack.calls) {
  const known = counts.get(method) ?? { calls: 0, refused: 0 };
  counts.set(method, { calls: known.calls + 1, refused: known.refused + (error === 'ratelimited' ? 1 : 0) });
}
for (const [method, { calls, refused }] of counts) {
  process.stdout.write(
    `${method}: ${calls}, ${(calls / Math.max(1, shown)).toFixed(2)} a picture, refused ${refused}\n`,
  );
}
await app.stop();
await slack.close();
await rm(folder, { recursive: true });
process.exit(0);
