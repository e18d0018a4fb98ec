// Values that no caller has used before, for everything a caller can choose. A label made from one
// of them would show as a series more with every call.

import type { Random } from '../../src/core/random.ts';

/** Makes and counts them. */
export class FreshValues {
  tried: number = 0;
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** A new value that begins with `prefix`; letters, digits and dashes only. */
  make(prefix: string): string {
    this.tried += 1;
    const chance = Math.floor(this.random.next() * 36 ** 4).toString(36);
    return `${prefix}-${this.tried.toString(36)}-${chance}`;
  }

  /** One of `choices`. */
  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random.next() * choices.length)] as T;
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.random.next() * (max - min + 1));
  }

  /** Header fields that each caller makes up for itself. */
  fields(play: string): Record<string, string> {
    return {
      'x-play': play,
      'x-api-key': this.make('key'),
      'user-agent': this.make('agent'),
      'x-session-id': this.make('session'),
    };
  }
}
