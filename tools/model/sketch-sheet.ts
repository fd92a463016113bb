import { parseArgs } from 'node:util';
import { sharp } from '../../src/image/sharp.ts';
import { withEngine } from './drawing.ts';
import { randomFrom, shuffled } from './random.ts';
import { article, COLOURS, PLACES, THINGS } from './vocabulary.ts';

/*
 * A sheet of a hundred pictures by Easel's own engine: `npx tsx tools/model/sketch-sheet.ts --out docs/sketch.png`.
 * Each thing comes once, from a seed that nobody has chosen, on a background or in a place.
 */

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/sketch' },
    out: { type: 'string', default: 'docs/sketch.png' },
    seed: { type: 'string', default: '1' },
  },
});

const COLUMNS = 10;
const COUNT = 100;
/** Pixels of a picture on the sheet. */
const SIDE = 112;

const random = randomFrom(Number(flags.seed));
const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;

/** Half in a place, half on a background; every third says a style. */
function promptOf(thing: string, i: number): string {
  const [place = ''] = PLACES[one(Object.keys(PLACES))] ?? [];
  const behind = i % 2 === 0 ? place : `on ${article(`${one(Object.keys(COLOURS))} background`)}`;
  const style = i % 3 === 0 ? `, ${one(['flat', 'cartoon', '3d'])}` : '';
  return `${article(thing)} ${behind}${style}`;
}

const things = shuffled(Object.keys(THINGS), random).slice(0, COUNT);
const tiles: { readonly input: Buffer; readonly left: number; readonly top: number }[] = [];
await withEngine(flags.model, undefined, async (draw) => {
  for (const [i, thing] of things.entries()) {
    const { side, rgb } = await draw({ prompt: promptOf(thing, i), seed: i, name: `${i}` });
    const picture = sharp(rgb, { raw: { width: side, height: side, channels: 3 } });
    const input = await picture.resize(SIDE, SIDE).png().toBuffer();
    tiles.push({ input, left: (i % COLUMNS) * SIDE, top: Math.floor(i / COLUMNS) * SIDE });
  }
});
const height = Math.ceil(things.length / COLUMNS) * SIDE;
await sharp({ create: { width: COLUMNS * SIDE, height, channels: 3, background: 'white' } })
  .composite(tiles)
  .png({ palette: true, effort: 10 })
  .toFile(flags.out);
