// Says once that a number rose above a mark, and again only after it had fallen well below: a value
// that swings around the mark must not ring a bell with each swing.

/** One mark with its hysteresis. */
export class Watermark {
  #mark: number = Number.POSITIVE_INFINITY;
  #again: number = 0;
  #above: boolean = false;

  /** Moves the mark; from `again` on downwards it is armed anew. */
  set(mark: number, again: number): void {
    this.#mark = mark;
    this.#again = again;
  }

  /** Whether this rise is the one to speak of. */
  rises(value: number): boolean {
    if (this.#above || value < this.#mark) return false;
    this.#above = true;
    return true;
  }

  falls(value: number): void {
    if (this.#above && value < this.#again) this.#above = false;
  }
}
