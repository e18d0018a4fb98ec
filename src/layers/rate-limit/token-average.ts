// What calls use of a limit that counts tokens: a moving average of what was reported, because what
// a call will use is known to nobody before it. Providers report what they count (cached tokens or
// not), so the average is in the unit of their limit. Pure.

import type { Progress } from '../../core/dialect.ts';
import type { LimitKind } from './limit-reading.ts';

/** The average of the calls of one credential or model. */
export class TokenAverage {
  #input: number;
  #output: number;
  #isKnown: boolean;
  readonly #smoothing: number;

  /** Begins with what is known of the like, or with `unknown` tokens. */
  constructor(smoothing: number, unknown: number, like?: TokenAverage) {
    this.#smoothing = smoothing;
    this.#input = like === undefined ? unknown : like.#input;
    this.#output = like === undefined ? unknown : like.#output;
    this.#isKnown = like === undefined ? false : like.#isKnown;
  }

  /** A call is over; what was not reported does not count. */
  add({ inputTokens, outputTokens }: Progress): void {
    if (inputTokens < 0 || outputTokens < 0) return;
    const weight = this.#isKnown ? this.#smoothing : 1;
    this.#isKnown = true;
    this.#input += (inputTokens - this.#input) * weight;
    this.#output += (outputTokens - this.#output) * weight;
  }

  /** Units of a limit of this kind that a call uses; at least 1. */
  costOf(kind: LimitKind): number {
    switch (kind) {
      case 'requests':
        return 1;
      case 'tokens':
        return Math.max(1, this.#input + this.#output);
      case 'input-tokens':
        return Math.max(1, this.#input);
      case 'output-tokens':
        return Math.max(1, this.#output);
    }
  }
}
