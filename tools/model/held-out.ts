import { crc32 } from 'node:zlib';
import { COLOURS, PLACES, SHAPES, THINGS } from './vocabulary.ts';

/** One combination in ten is never drawn for training; the same rule as `held_out` in scenes.py. */
export function heldOut(...words: readonly string[]): boolean {
  return crc32(words.join('|')) % 10 === 0;
}

export interface HeldOutShape {
  readonly shape: string;
  readonly colour: string;
  readonly background: string;
}

/** Every combination of a shape, its colour and another colour behind it that training never showed. */
export function heldOutShapes(): readonly HeldOutShape[] {
  const colours = Object.keys(COLOURS);
  return Object.keys(SHAPES).flatMap((shape) =>
    colours.flatMap((colour) =>
      colours
        .filter((background) => background !== colour && heldOut(shape, colour, background))
        .map((background) => ({ shape, colour, background })),
    ),
  );
}

/** Things in a colour that training never gave them. */
export function heldOutColours(): readonly (readonly [thing: string, colour: string])[] {
  return pairs(Object.keys(COLOURS));
}

/** Things in a place where training never put them. */
export function heldOutPlaces(): readonly (readonly [thing: string, place: string])[] {
  return pairs(Object.keys(PLACES));
}

function pairs(others: readonly string[]): readonly (readonly [thing: string, other: string])[] {
  return Object.keys(THINGS).flatMap((thing) =>
    others.filter((other) => heldOut(thing, other)).map((other) => [thing, other] as const),
  );
}
