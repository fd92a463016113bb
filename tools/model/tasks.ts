import { heldOut, heldOutColours, heldOutPlaces, heldOutShapes } from './held-out.ts';
import { randomFrom, shuffled } from './random.ts';
import { article, COLOURS, PLACES, promptFor, THINGS } from './vocabulary.ts';

/** The parts of the evaluation, and what share (%) of each has to be right. */
export const PARTS = {
  colours: 98,
  shapes: 95,
  things: 90,
  'unseen colours': 75,
  'unseen places': 75,
  synonyms: 80,
  guidance: 75,
  negative: 75,
} as const;

export type Part = keyof typeof PARTS;

/** What the picture has to show; what is absent is not looked at. */
export interface Expected {
  readonly colour?: string;
  readonly shape?: string;
  readonly background?: string;
  readonly thing?: string;
}

export interface Task {
  /** "shapes" tasks are counted as "colours" as well. */
  readonly part: Exclude<Part, 'colours'>;
  readonly prompt: string;
  readonly expected: Expected;
  readonly seed: number;
}

const MOST = 100;
const SEEDS = 3;
const STYLES = ['flat', 'cartoon', '3d'];
const MOST_ACTING = 24;

/** All tasks of one part, the same every time. `guidance` and `negative` compare pictures: their tasks are beginnings. */
export function tasksOf(part: Task['part']): readonly Task[] {
  switch (part) {
    case 'shapes':
      return shapes('shapes', MOST);
    case 'guidance':
    case 'negative':
      return shapes(part, MOST_ACTING);
    case 'things':
      return things();
    case 'unseen colours':
      return some(heldOutColours()).map(([thing, colour], seed) => ({
        part,
        prompt: `${article(`${colour} ${thing}`)} on ${article(backgroundFor(thing, seed, colour))} background`,
        expected: { thing },
        seed,
      }));
    case 'unseen places':
      return some(heldOutPlaces()).map(([thing, place], seed) => ({
        part,
        prompt: `${article(thing)} ${PLACES[place]?.[0] ?? place}`,
        expected: { thing },
        seed,
      }));
    case 'synonyms':
      return synonyms();
  }
}

function shapes(part: Task['part'], most: number): readonly Task[] {
  return shuffled(heldOutShapes(), randomFrom(part.length))
    .slice(0, most)
    .map((expected, seed) => ({ part, prompt: promptFor(expected), expected, seed }));
}

/** Every thing from three seeds, once in each style. */
function things(): readonly Task[] {
  return Object.keys(THINGS).flatMap((thing, i) =>
    STYLES.slice(0, SEEDS).map((style, k) => ({
      part: 'things' as const,
      prompt: `${article(thing)} on ${article(backgroundFor(thing, i + k))} background, ${style} style`,
      expected: { thing },
      seed: k,
    })),
  );
}

function synonyms(): readonly Task[] {
  return Object.entries(THINGS).flatMap(([thing, { also = [] }]) =>
    also.map((word, seed) => ({
      part: 'synonyms' as const,
      prompt: `${article(word)} on ${article(backgroundFor(thing, seed))} background`,
      expected: { thing },
      seed,
    })),
  );
}

/** A colour behind the thing that training showed there. */
function backgroundFor(thing: string, turn: number, other?: string): string {
  const colours = Object.keys(COLOURS).filter((colour) => colour !== other && !heldOut(thing, colour));
  return colours[turn % colours.length] ?? 'white';
}

function some<T>(values: readonly T[]): readonly T[] {
  return shuffled(values, randomFrom(7)).slice(0, MOST);
}
