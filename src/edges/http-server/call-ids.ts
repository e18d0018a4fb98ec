// Ids for calls: unique in the process and hard to guess, from random bytes drawn in bulk.

import { randomFillSync } from 'node:crypto';

const WORDS = 512;

/** Makes call ids such as `c1k3x9zp0a4m2`. */
export class CallIds {
  readonly #words = new Uint32Array(WORDS);
  #next: number = WORDS;
  #count: number = 0;

  next(): string {
    if (this.#next >= WORDS) {
      randomFillSync(this.#words);
      this.#next = 0;
    }
    const word = this.#words[this.#next] as number;
    this.#next += 1;
    this.#count += 1;
    return `c${this.#count.toString(36)}-${word.toString(36).padStart(7, '0')}`;
  }
}
