import { Mt19937 } from '../../../engine/rng/mt19937.ts';

/** Chance from a seed: the same seed throws the same, though what runs at once may ask in another order. */
export class Dice {
  readonly #source: Mt19937;

  constructor(seed: number) {
    this.#source = new Mt19937(seed);
  }

  /** From 0 to less than 1. */
  share(): number {
    return this.#source.uint32() / 2 ** 32;
  }

  /** A whole number from 0 to less than `limit`. */
  below(limit: number): number {
    return Math.floor(this.share() * limit);
  }

  /** @throws RangeError when there is nothing to pick from */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }

  /** Milliseconds until the next of independent events of which so many come in a second. */
  gapMs(perSecond: number): number {
    return (-Math.log(1 - this.share()) / perSecond) * 1000;
  }
}
