// Choices by a seed, in the words the simulation thinks in.

import type { Random } from '../../src/core/random.ts';

/** Draws from one seeded generator. */
export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** True in `share` of all cases. */
  chance(share: number): boolean {
    return this.#random.next() < share;
  }

  /** A whole number from `from` up to and without `below`. */
  whole(from: number, below: number): number {
    return from + Math.floor(this.#random.next() * (below - from));
  }

  /** A number spread over orders of magnitude. */
  scale(from: number, to: number): number {
    return from * (to / from) ** this.#random.next();
  }

  one<T>(of: readonly T[]): T {
    return of[this.whole(0, of.length)] as T;
  }

  /** One of the keys, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const rows = Object.entries(weights) as [K, number][];
    let left = this.#random.next() * rows.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of rows) {
      left -= weight;
      if (left < 0) return key;
    }
    return (rows.at(-1) as [K, number])[0];
  }
}
