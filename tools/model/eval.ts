import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PRECISION_CHOICES } from '../../engine/index.ts';
import { type Draw, readPicture, withEngine } from './drawing.ts';
import { Judge } from './judge.ts';
import { randomFrom } from './random.ts';
import { score, scoreShape, type Verdict } from './score.ts';
import { PARTS, type Part, type Task, tasksOf } from './tasks.ts';
import { drawTruth } from './truth.ts';

/*
 * Scores the embedded model: colours and shapes that were never combined in training, things that a judge names, unseen
 * colours and places, synonyms, guidance and the negative prompt. `npm run eval:model` draws with Easel's own engine.
 * Other ways to use it are in tools/model/README.md.
 */

const DRAWN_PARTS = [
  'shapes',
  'things',
  'unseen colours',
  'unseen places',
  'synonyms',
  'guidance',
  'negative',
] as const;

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/sketch' },
    /** Parts of the evaluation, comma-separated. */
    parts: { type: 'string', default: DRAWN_PARTS.join(',') },
    /** Only every Nth task: a quick look. */
    every: { type: 'string', default: '1' },
    judge: { type: 'string', default: 'tools/model/judge.onnx' },
    /** Measures FOLDER/0.png… of the part "shapes" instead of drawing. */
    pictures: { type: 'string' },
    /** Measures perfect pictures of the part "shapes" instead: a check of the measure. */
    truth: { type: 'boolean', default: false },
    /** Writes the prompts of the part "shapes" to a file for another implementation to draw, and ends. */
    prompts: { type: 'string' },
    /** Keeps the pictures drawn in this folder. */
    keep: { type: 'string' },
    /** Of the engine: float32 or int8. */
    precision: { type: 'string', default: 'float32' },
    json: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const shapes = tasksOf('shapes');
  if (flags.prompts !== undefined) {
    await writeFile(flags.prompts, `${JSON.stringify(shapes, undefined, 1)}\n`);
  } else if (flags.truth) {
    const random = randomFrom(1);
    report(shapes.flatMap((task) => scoreShape(task, drawTruth(wanted(task), random))));
  } else if (flags.pictures !== undefined) {
    const folder = flags.pictures;
    const pictures = await Promise.all(shapes.map((_, i) => readPicture(join(folder, `${i}.png`))));
    report(pictures.flatMap((picture, i) => scoreShape(shapes[i] as Task, picture)));
  } else {
    report(await drawn());
  }
}

async function drawn(): Promise<readonly Verdict[]> {
  const parts = partsAsked();
  const tasks = parts.flatMap((part) => tasksOf(part).filter((_, i) => i % Number(flags.every) === 0));
  const judge = tasks.some(({ expected }) => expected.thing !== undefined) ? await Judge.open(flags.judge) : undefined;
  const verdicts: Verdict[] = [];
  const precision = PRECISION_CHOICES.find((known) => known === flags.precision);
  if (precision === undefined) throw new Error(`No such precision: ${flags.precision}.`);
  const judgeAll = async (draw: Draw) => {
    for (const task of tasks) verdicts.push(...(await score(task, draw, judge)));
  };
  await withEngine(flags.model, flags.keep, judgeAll, precision);
  return verdicts;
}

function partsAsked(): readonly Task['part'][] {
  const asked = flags.parts.split(',').map((part) => part.trim());
  const unknown = asked.filter((part) => !DRAWN_PARTS.some((known) => known === part));
  if (unknown.length > 0)
    throw new Error(`No such part: ${unknown.join(', ')}. The parts are ${DRAWN_PARTS.join(', ')}.`);
  return DRAWN_PARTS.filter((part) => asked.includes(part));
}

function wanted({ expected: { colour = '', shape = '', background = '' } }: Task) {
  return { colour, shape, background };
}

function report(verdicts: readonly Verdict[]): void {
  const failures = verdicts.filter(({ right }) => !right);
  const results = (Object.keys(PARTS) as Part[]).flatMap((part) => {
    const looked = verdicts.filter((verdict) => verdict.part === part);
    const right = looked.filter((verdict) => verdict.right).length;
    return looked.length === 0 ? [] : [{ part, right, looked: looked.length, least: PARTS[part] }];
  });
  const good = results.every(({ right, looked, least }) => 100 * right >= least * looked);
  if (!good) process.exitCode = 1;
  if (flags.json) {
    print(JSON.stringify({ results, good, failures }, undefined, 2));
    return;
  }
  for (const { part, prompt, saw } of failures) print(`  ${part}: "${prompt}": ${saw}`);
  for (const { part, right, looked, least } of results) {
    print(
      `${part.padEnd(15)} ${right} of ${looked} right, ${((100 * right) / looked).toFixed(0)} % (at least ${least} %)`,
    );
  }
  print(`${verdicts.length - failures.length} passed, ${failures.length} failed`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

await main();
