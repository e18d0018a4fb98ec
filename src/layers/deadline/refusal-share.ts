// Keeps refusals by estimate a small part of all calls, so that a wrong estimate costs a caller
// some calls but never shuts it out. The rule of Finagle's DeadlineFilter, in a ring of ten slots.
// Pure: time is handed in. Invariant: when a refusal is granted, the refusals in the ring, this one
// included, are at most the share of the calls in it.

const SLOTS = 10;

/** Grants refusals. */
export class RefusalShare {
  readonly #share: number;
  readonly #slotMs: number;
  readonly #calls = new Uint32Array(SLOTS);
  readonly #refusals = new Uint32Array(SLOTS);
  #callsInAll: number = 0;
  #refusalsInAll: number = 0;
  #newest: number = 0;

  /** `share` of the calls within `windowMs`. */
  constructor(share: number, windowMs: number) {
    this.#share = share;
    this.#slotMs = windowMs / SLOTS;
  }

  /** A call came that may or may not be refused. */
  count(now: number): void {
    const at = this.#slotAt(now);
    this.#calls[at] = (this.#calls[at] ?? 0) + 1;
    this.#callsInAll += 1;
  }

  /** Whether one of the calls that were counted may be refused; counts the refusal. */
  take(now: number): boolean {
    const at = this.#slotAt(now);
    if (this.#refusalsInAll + 1 > this.#share * this.#callsInAll) return false;
    this.#refusals[at] = (this.#refusals[at] ?? 0) + 1;
    this.#refusalsInAll += 1;
    return true;
  }

  #slotAt(now: number): number {
    const newest = Math.floor(now / this.#slotMs);
    if (newest > this.#newest) {
      const first = Math.max(this.#newest + 1, newest - SLOTS + 1);
      for (let slot = first; slot <= newest; slot += 1) this.#clear(slot % SLOTS);
      this.#newest = newest;
    }
    return this.#newest % SLOTS;
  }

  #clear(at: number): void {
    this.#callsInAll -= this.#calls[at] ?? 0;
    this.#refusalsInAll -= this.#refusals[at] ?? 0;
    this.#calls[at] = 0;
    this.#refusals[at] = 0;
  }
}
