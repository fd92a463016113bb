import type { Draw } from './drawing.ts';
import type { Judge } from './judge.ts';
import { labDistance, labOf } from './lab.ts';
import { measure, type SquarePicture } from './measure.ts';
import type { Part, Task } from './tasks.ts';
import { article, COLOURS } from './vocabulary.ts';

/** One thing that was looked at in one picture. */
export interface Verdict {
  readonly part: Part;
  readonly prompt: string;
  readonly right: boolean;
  /** What was seen instead. */
  readonly saw: string;
}

/** Draws a task and says what is right about it. `judge` is needed for tasks that ask for a thing. */
export async function score(task: Task, draw: Draw, judge: Judge | undefined): Promise<readonly Verdict[]> {
  const name = `${task.part}-${task.prompt}-${task.seed}`.replaceAll(/[^a-z0-9]+/gi, '-');
  const wish = { prompt: task.prompt, seed: task.seed, name };
  if (task.part === 'negative') return [await negativeActs(task, draw, name)];
  const picture = await draw(wish);
  if (task.part === 'guidance') {
    const unguided = await draw({ ...wish, guidance: 1, name: `${name}-unguided` });
    const [near, far] = [distance(picture, task), distance(unguided, task)];
    const saw = `distance from the colours asked for: ${near.toFixed(0)}, unguided ${far.toFixed(0)}`;
    return [{ part: 'guidance', prompt: task.prompt, right: near <= far, saw }];
  }
  if (task.expected.thing !== undefined) {
    if (judge === undefined) throw new Error(`The part "${task.part}" needs a judge; see tools/model/README.md.`);
    const saw = await judge.name(picture);
    return [{ part: task.part, prompt: task.prompt, right: saw === task.expected.thing, saw }];
  }
  return scoreShape(task, picture);
}

/** Both colours and the shape of a picture. */
export function scoreShape({ prompt, expected }: Task, picture: SquarePicture): readonly Verdict[] {
  const seen = measure(picture);
  const saw = `${seen.colour} ${seen.shape} on ${seen.background} (fit ${seen.fit.toFixed(2)})`;
  const coloursRight = seen.colour === expected.colour && seen.background === expected.background;
  return [
    { part: 'colours', prompt, right: coloursRight, saw },
    { part: 'shapes', prompt, right: seen.shape === expected.shape, saw },
  ];
}

/** Nothing is said of the background; then what came is named in the negative prompt, and has to give way. */
async function negativeActs({ expected, seed }: Task, draw: Draw, name: string): Promise<Verdict> {
  const prompt = article(`${expected.colour} ${expected.shape}`);
  const before = measure(await draw({ prompt, seed, name: `${name}-before` }));
  const negative = `${before.background} background`;
  const after = measure(await draw({ prompt, seed, negative, name }));
  return {
    part: 'negative',
    prompt: `${prompt}, without ${negative}`,
    right: after.background !== before.background,
    saw: `${after.background} background`,
  };
}

/** How far the colours seen are from those asked for: the sum of both Lab distances. */
function distance(picture: SquarePicture, { expected }: Task): number {
  const seen = measure(picture);
  return apart(seen.colour, expected.colour) + apart(seen.background, expected.background);
}

function apart(one: string, other: string | undefined): number {
  const [a, b] = [COLOURS[one], COLOURS[other ?? '']];
  return a === undefined || b === undefined ? 100 : labDistance(labOf(a), labOf(b));
}
