/**
 * `npm run bench`: how fast and how fairly people are served at once, by the real queue, engine and store, with and
 * without drawing several requests side by side. The two are measured in turns within one run, so that whatever else
 * the machine does falls on both. A Markdown table on stdout.
 *
 *     npm run bench -- --users 1,4,8,16 --requests 4 --slots 4 --rounds 2
 *
 * The model is the embedded one, or that of --model, on the provider and in the precision of EASEL_PROVIDER and
 * EASEL_PRECISION. Where EASEL_MODEL names another, a line says what one step of that gives.
 */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEngine, type Engine, type EngineHost, type GenerationSpec } from '../../engine/index.ts';
import { readConfig } from '../../src/app/config.ts';
import { usualSpec } from '../../src/queue/capacity.ts';
import { type CrowdResult, serveCrowd } from './crowd.ts';
import { jainIndex, percentile } from './statistics.ts';

const EMBEDDED = fileURLToPath(new URL('../../models/sketch', import.meta.url));

const { values } = parseArgs({
  options: {
    /** Crowds to serve, by their number of people. */
    users: { type: 'string', default: '1,4,8,16' },
    /** Of each person; a crowd of one asks twice as often. */
    requests: { type: 'string', default: '4' },
    /** Side by side, where there is batching. */
    slots: { type: 'string', default: '4' },
    /** How often each crowd is served each way. */
    rounds: { type: 'string', default: '1' },
    /** A folder or file; the embedded one when absent. */
    model: { type: 'string', default: EMBEDDED },
    /** Denoising steps; the model's own when absent. */
    steps: { type: 'string' },
  },
});

const { modelSources, execution } = readConfig(process.env);
const say = (line: string) => process.stdout.write(`${line}\n`);

async function bench(): Promise<void> {
  const engine = createEngine({ ...execution, modelSources: [values.model], previewEvery: 0 });
  try {
    const spec = await specFor(engine);
    await engine.run({ kind: 'generate', spec });
    const { width, height, steps, guidance } = spec;
    say(`Single pictures of ${width}×${height} in ${steps} steps with guidance ${guidance}, ${process.platform}.\n`);
    say(
      '| people | slots | pictures a minute | processor a picture | until begun, p50 / p95 | until it stands, p50 / p95 | Jain |',
    );
    say('| ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
    for (const users of values.users.split(',').map(Number)) await compare(engine, spec, users);
  } finally {
    await engine.close();
  }
}

async function compare(engine: EngineHost, spec: GenerationSpec, users: number): Promise<void> {
  const requests = Number(values.requests) * (users === 1 ? 2 : 1);
  const ways = [1, Number(values.slots)];
  const results = new Map<number, CrowdResult[]>(ways.map((slots) => [slots, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const slots of round % 2 === 0 ? ways : ways.toReversed()) {
      results.get(slots)?.push(await serveCrowd(engine, { users, requests, spec }, { slots }));
    }
  }
  for (const [slots, served] of results) say(describe(users, slots, served));
  const ratio = (read: (served: readonly CrowdResult[]) => number) => {
    const [alone = Number.NaN, together = Number.NaN] = ways.map((slots) => read(results.get(slots) ?? []));
    return `×${(together / alone).toFixed(2)}`;
  };
  say(`| | | ${ratio(speedOf)} | ${ratio(cpuOf)} | | | |`);
}

function describe(users: number, slots: number, served: readonly CrowdResult[]): string {
  const times = (all: readonly number[]) => `${seconds(percentile(all, 0.5))} / ${seconds(percentile(all, 0.95))}`;
  const begun = times(served.flatMap(({ begunMs }) => begunMs));
  const done = times(served.flatMap(({ doneMs }) => doneMs));
  const jain = Math.min(...served.map(({ shares }) => jainIndex(shares)));
  return `| ${users} | ${slots} | ${speedOf(served).toFixed(1)} | ${cpuOf(served).toFixed(2)} s | ${begun} | ${done} | ${jain.toFixed(3)} |`;
}

/** Pictures a minute. */
function speedOf(served: readonly CrowdResult[]): number {
  return sum(served, ({ pictures }) => pictures) / (sum(served, ({ totalMs }) => totalMs) / 60_000);
}

/** Processor seconds a picture, which other work on the machine changes less than the clock's. */
function cpuOf(served: readonly CrowdResult[]): number {
  return sum(served, ({ cpuMs }) => cpuMs) / 1000 / sum(served, ({ pictures }) => pictures);
}

function sum(served: readonly CrowdResult[], read: (result: CrowdResult) => number): number {
  return served.reduce((total, result) => total + read(result), 0);
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** What one step of a large model takes, for one picture alone and for each of as many as there are slots. */
async function benchOther(modelSources: readonly string[]): Promise<void> {
  const engine = createEngine({ ...execution, modelSources, previewEvery: 0 });
  try {
    const spec = { ...(await specFor(engine)), steps: Number(values.steps ?? 3), sampler: 'euler' } as const;
    const slots = Number(values.slots);
    const alone = await engine.run({ kind: 'generate', spec });
    const many = Array.from({ length: slots }, (_, seed) => engine.run({ kind: 'generate', spec: { ...spec, seed } }));
    const [together] = await Promise.all(many);
    const stepMs = (times: readonly number[] = []) => percentile(times.slice(1), 0.5);
    const one = stepMs(alone.timings.stepMs);
    const each = stepMs(together?.timings.stepMs) / slots;
    const minute = (ms: number) => (60_000 / (ms * usual.steps + alone.timings.decodeMs)).toFixed(2);
    const usual = usualSpec(await engine.describe());
    say(
      `\n${spec.model} at ${spec.width}×${spec.height}: ${seconds(one)} a step alone, ${seconds(each)} for each of ${slots} side by side; ` +
        `${minute(one)} and ${minute(each)} pictures a minute in ${usual.steps} steps (×${(one / each).toFixed(2)}).`,
    );
  } finally {
    await engine.close();
  }
}

async function specFor(engine: Engine): Promise<GenerationSpec> {
  const usual = usualSpec(await engine.describe());
  const steps = values.steps === undefined ? usual.steps : Number(values.steps);
  return { ...usual, prompt: 'a red circle on a blue background', steps };
}

await bench();
if (process.env.EASEL_MODEL !== undefined) await benchOther(modelSources);
