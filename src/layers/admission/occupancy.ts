// How full one upstream is: what is out against the hard limit and the soft limit below it. Rings
// the bells when either comes near.

import type { AdmissionObserver } from './admission-observer.ts';
import { NEAR_AGAIN_SHARE, NEAR_SHARE } from './options.ts';
import { Watermark } from './watermark.ts';

/** The count of what is out at one upstream, and its limits. */
export class Occupancy {
  readonly #upstream: string;
  readonly #observer: AdmissionObserver;
  readonly #nearMark = new Watermark();
  readonly #softMark = new Watermark();
  #limit: number = 0;
  #soft: number = 0;
  #count: number = 0;

  constructor(upstream: string, observer: AdmissionObserver) {
    this.#upstream = upstream;
    this.#observer = observer;
  }

  /** Slots held and foreign attempts. */
  get count(): number {
    return this.#count;
  }

  get limit(): number {
    return this.#limit;
  }

  get soft(): number {
    return this.#soft;
  }

  get isBelowSoft(): boolean {
    return this.#count < this.#soft;
  }

  get isBelowLimit(): boolean {
    return this.#count < this.#limit;
  }

  /** Share of the limit that is free. */
  get headroom(): number {
    return Math.max(0, 1 - this.#count / this.#limit);
  }

  /** The limit is a whole number from 1 on, or `Infinity`. */
  setLimit(limit: number, softShare: number): void {
    const changed = limit !== this.#limit;
    this.#limit = limit;
    this.#soft = Math.max(1, Math.floor(limit * softShare));
    this.#nearMark.set(limit * NEAR_SHARE, limit * NEAR_AGAIN_SHARE);
    this.#softMark.set(this.#soft, (this.#soft * NEAR_AGAIN_SHARE) / NEAR_SHARE);
    if (changed) this.#observer.limitChanged(this.#upstream, limit);
  }

  rise(): void {
    this.#count += 1;
    if (this.#softMark.rises(this.#count)) {
      this.#observer.softLimit(this.#upstream, this.#count, this.#soft);
    }
    if (this.#nearMark.rises(this.#count)) {
      this.#observer.nearLimit(this.#upstream, this.#count, this.#limit);
    }
  }

  fall(): void {
    this.#count -= 1;
    this.#softMark.falls(this.#count);
    this.#nearMark.falls(this.#count);
  }
}
