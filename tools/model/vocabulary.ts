import shapesJson from './shapes.json' with { type: 'json' };
import thingsJson from './things.json' with { type: 'json' };
import vocabularyJson from './vocabulary.json' with { type: 'json' };

/** Red, green, blue, 0–255. */
export type Rgb = readonly [red: number, green: number, blue: number];
/** x right, y down; a shape lies within about −1…1. */
export type Point = readonly [x: number, y: number];

export interface Shape {
  /** Largest rotation, in degrees to either side, that training pictures show. */
  readonly turn: number;
  /** The first contour is filled, later ones are cut out of it. */
  readonly contours: readonly (readonly Point[])[];
}

/** What a prompt of the evaluation asks for. */
export interface Wanted {
  readonly colour: string;
  readonly shape: string;
  readonly background: string;
}

/** The same files the training pictures are drawn from. */
export const COLOURS: Readonly<Record<string, Rgb>> = Object.fromEntries(
  Object.entries(vocabularyJson.colours).map(([name, rgb]) => [name, triple(rgb)]),
);

export const SHAPES: Readonly<Record<string, Shape>> = Object.fromEntries(
  Object.entries(shapesJson).map(([name, { turn, contours }]) => [
    name,
    { turn, contours: contours.map((contour) => contour.map(pair)) },
  ]),
);

export interface Thing {
  /** The icon's name or code point in the set of each style. */
  readonly flat: string;
  readonly cartoon: string;
  readonly '3d': string;
  /** Other words for it. */
  readonly also?: readonly string[];
}

/** What can be asked for by name, in the order of the judge's answers. */
export const THINGS: Readonly<Record<string, Thing>> = thingsJson;

/** Places, and how they are said. */
export const PLACES: Readonly<Record<string, readonly string[]>> = vocabularyJson.places;

export function promptFor({ colour, shape, background }: Wanted): string {
  return `${article(colour)} ${shape} on ${article(background)} background`;
}

/** The words with "a" or "an" before them. */
export function article(words: string): string {
  return `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;
}

function triple(values: readonly number[]): Rgb {
  const [red = 0, green = 0, blue = 0] = values;
  return [red, green, blue];
}

function pair(values: readonly number[]): Point {
  const [x = 0, y = 0] = values;
  return [x, y];
}
