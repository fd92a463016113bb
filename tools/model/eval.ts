import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine } from '../../engine/index.ts';
import { sharp } from '../../src/image/sharp.ts';
import { measure, type Seen, type SquarePicture } from './measure.ts';
import { drawTruth } from './truth.ts';
import { promptFor, type Wanted } from './vocabulary.ts';

/*
 * Scores the embedded model: of 100 prompts for combinations it never saw, how often are both colours right, how often
 * the shape? `npm run eval:model` draws with Easel's own engine. Other ways to use it are in tools/model/README.md.
 */

const PROMPTS = 100;
/** What the model must reach to be shipped. */
const LEAST = { colours: 90, shapes: 80 };

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/sketch' },
    /** Measures FOLDER/0.png… of FOLDER/prompts.json instead of drawing. */
    pictures: { type: 'string' },
    /** Measures perfect pictures instead: a check of the measure. */
    truth: { type: 'boolean', default: false },
    /** Writes the prompts to a file for another implementation to draw, and ends. */
    prompts: { type: 'string' },
    /** Keeps the pictures drawn. */
    keep: { type: 'string' },
    steps: { type: 'string' },
    guidance: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

interface Task extends Wanted {
  readonly prompt: string;
}

interface Scored {
  readonly task: Task;
  readonly seen: Seen;
  readonly coloursRight: boolean;
  readonly shapeRight: boolean;
}

async function main(): Promise<void> {
  const tasks = await readTasks();
  if (flags.prompts !== undefined) {
    await writeFile(flags.prompts, `${JSON.stringify(tasks, undefined, 1)}\n`);
    return;
  }
  const scored: Scored[] = [];
  for await (const [task, picture] of pictures(tasks)) {
    const seen = measure(picture);
    scored.push({
      task,
      seen,
      coloursRight: seen.colour === task.colour && seen.background === task.background,
      shapeRight: seen.shape === task.shape,
    });
  }
  report(scored);
}

async function readTasks(): Promise<readonly Task[]> {
  if (flags.pictures !== undefined) return parseTasks(await readFile(join(flags.pictures, 'prompts.json'), 'utf8'));
  const heldOut = parseTasks(await readFile(join(flags.model, 'held-out.json'), 'utf8'));
  return shuffled(heldOut, randomFrom(100)).slice(0, PROMPTS);
}

function parseTasks(text: string): readonly Task[] {
  const entries = JSON.parse(text) as readonly Wanted[];
  return entries.map(({ colour, shape, background }) => {
    const wanted = { colour, shape, background };
    return { prompt: promptFor(wanted), ...wanted };
  });
}

async function* pictures(tasks: readonly Task[]): AsyncGenerator<readonly [Task, SquarePicture]> {
  if (flags.truth) {
    const random = randomFrom(1);
    for (const task of tasks) yield [task, drawTruth(task, random)];
  } else if (flags.pictures !== undefined) {
    for (const [i, task] of tasks.entries()) yield [task, await readPicture(join(flags.pictures, `${i}.png`))];
  } else {
    yield* drawn(tasks);
  }
}

async function readPicture(file: string): Promise<SquarePicture> {
  const { data, info } = await sharp(await readFile(file))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.width !== info.height) throw new Error(`${file} is ${info.width}×${info.height}; pictures must be square.`);
  return { side: info.width, rgb: data };
}

/** Prompt i is drawn from seed i at the model's own settings. */
async function* drawn(tasks: readonly Task[]): AsyncGenerator<readonly [Task, SquarePicture]> {
  const engine = createEngine({ modelFolders: [resolve(flags.model)] });
  try {
    const { models } = await engine.describe();
    const model = models.find(({ id }) => id === basename(resolve(flags.model)));
    if (model === undefined) throw new Error(`The engine does not know the model in ${flags.model}.`);
    if (flags.keep !== undefined) await mkdir(flags.keep, { recursive: true });
    for (const [seed, task] of tasks.entries()) {
      const spec = {
        prompt: task.prompt,
        negative: '',
        width: model.width,
        height: model.height,
        steps: flags.steps === undefined ? model.steps : Number(flags.steps),
        guidance: flags.guidance === undefined ? model.guidance : Number(flags.guidance),
        sampler: model.sampler,
        model: model.id,
        seed,
        count: 1,
        variations: [],
      };
      const [picture] = (await engine.run({ kind: 'generate', spec })).pictures;
      if (picture === undefined) throw new Error(`No picture for "${task.prompt}".`);
      if (flags.keep !== undefined) {
        const raw = { width: picture.width, height: picture.height, channels: 3 } as const;
        await sharp(picture.rgb, { raw })
          .png()
          .toFile(join(flags.keep, `${seed}.png`));
      }
      yield [task, { side: picture.width, rgb: picture.rgb }];
    }
  } finally {
    await engine.close();
  }
}

function report(scored: readonly Scored[]): void {
  const count = (holds: (one: Scored) => boolean) => scored.filter(holds).length;
  const colours = count(({ coloursRight }) => coloursRight);
  const shapes = count(({ shapeRight }) => shapeRight);
  const passed = count(({ coloursRight, shapeRight }) => coloursRight && shapeRight);
  const failures = scored.filter(({ coloursRight, shapeRight }) => !coloursRight || !shapeRight);
  const good = 100 * colours >= LEAST.colours * scored.length && 100 * shapes >= LEAST.shapes * scored.length;
  if (!good) process.exitCode = 1;
  if (flags.json) {
    print(JSON.stringify({ prompts: scored.length, colours, shapes, passed, good, failures }, undefined, 2));
    return;
  }
  for (const { task, seen } of failures) {
    print(`  "${task.prompt}": drew ${seen.colour} ${seen.shape} on ${seen.background} (fit ${seen.fit.toFixed(2)})`);
  }
  print(`colours  ${colours} of ${scored.length} have both colours right (at least ${LEAST.colours} %)`);
  print(`shapes   ${shapes} of ${scored.length} have the shape right (at least ${LEAST.shapes} %)`);
  print(`${passed} passed, ${failures.length} failed`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ value }) => value);
}

/** mulberry32: a small generator whose sequence is the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

await main();
