// How far the clock of a token endpoint is ahead of ours, from the `Date` of its answers. An
// average, because each sample also holds a part of a second and the time of the way.

/** Weight of a new sample. */
const ALPHA = 0.2;
/** `Date` has whole seconds, cut off: half a second is missing in the middle. */
const CUT_MS = 500;

/** The clock of one endpoint. Pure. */
export class ClockSkew {
  /** Ahead of ours by this, in ms; 0 while nothing is known. */
  ms: number = 0;
  #known: boolean = false;

  /** An answer with this `Date` field came at `wallNow` (epoch ms); others tell nothing. */
  sample(date: string | undefined, wallNow: number): void {
    const said = date === undefined ? Number.NaN : Date.parse(date);
    if (Number.isNaN(said)) return;
    const sample = said + CUT_MS - wallNow;
    this.ms = this.#known ? this.ms + ALPHA * (sample - this.ms) : sample;
    this.#known = true;
  }
}
