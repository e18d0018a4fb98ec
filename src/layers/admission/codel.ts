// Tells a queue that is standing from one that absorbs a burst: when even the shortest wait of an
// interval was above the target, waiting has stopped doing any good. Then the newest is served
// first and whoever waited twice the target is refused, so that those who are served wait little
// (folly's Codel, after Nichols and Jacobson, "Controlling Queue Delay").
// The interval is scaled to how long a slot is held: a queue cannot move faster than slots free up.
// A queue that fills up again soon after need not prove for a whole interval that it stands, or a
// crowd that lasts would be let wait every other interval (CoDel, too, remembers for a while).

/** Bounds of the interval, in ms; folly's 100 ms at the bottom. */
const INTERVAL_MS_MIN = 100;
const INTERVAL_MS_MAX = 30_000;
/** The target is this part of the interval: 5 ms of 100, as in folly. */
const TARGET_PART = 20;
/** Refused after this many targets. */
const STALE_TARGETS = 2;

/** The state of one queue. */
export class Codel {
  #intervalMs: number = INTERVAL_MS_MAX;
  #beganAt: number = Number.POSITIVE_INFINITY;
  #leftAt: number = Number.NEGATIVE_INFINITY;
  /** The interval that runs is a short one. */
  #isRelapse: boolean = false;
  #leastMs: number = Number.POSITIVE_INFINITY;
  #overloaded: boolean = false;

  /** The queue is standing. Ends when it is empty. */
  get overloaded(): boolean {
    return this.#overloaded;
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  get targetMs(): number {
    return this.#intervalMs / TARGET_PART;
  }

  /** Whoever began to wait before this instant has waited too long; `-Infinity` = nobody. */
  staleBefore(now: number): number {
    return this.#overloaded ? now - this.#staleMs : Number.NEGATIVE_INFINITY;
  }

  /** Somebody waits where nobody did. `holdMs`: how long a slot is usually held. */
  began(holdMs: number | undefined, now: number): void {
    this.#begin(holdMs, now);
    this.#isRelapse = now - this.#leftAt < this.#intervalMs;
  }

  /** Nobody waits any more. */
  emptied(now: number): void {
    if (this.#overloaded) this.#leftAt = now;
    this.#overloaded = false;
    this.#beganAt = Number.POSITIVE_INFINITY;
  }

  /** Somebody was served after `waitedMs`. */
  served(waitedMs: number, holdMs: number | undefined, now: number): void {
    if (waitedMs < this.#leastMs) this.#leastMs = waitedMs;
    this.#judge(this.#leastMs, holdMs, now);
  }

  /** Time passes. Where nobody is served at all, the one who waits longest is the measure. */
  passes(longestMs: number, holdMs: number | undefined, now: number): void {
    const leastMs = this.#leastMs === Number.POSITIVE_INFINITY ? longestMs : this.#leastMs;
    this.#judge(leastMs, holdMs, now);
  }

  get #staleMs(): number {
    return this.targetMs * STALE_TARGETS;
  }

  #judge(leastMs: number, holdMs: number | undefined, now: number): void {
    // Each time, because nothing may have been known when the interval began.
    this.#scale(holdMs);
    if (now - this.#beganAt < (this.#isRelapse ? this.#staleMs : this.#intervalMs)) return;
    if (leastMs > this.targetMs) this.#overloaded = true;
    this.#begin(holdMs, now);
  }

  #begin(holdMs: number | undefined, now: number): void {
    this.#scale(holdMs);
    this.#isRelapse = false;
    this.#beganAt = now;
    this.#leastMs = Number.POSITIVE_INFINITY;
  }

  #scale(holdMs: number | undefined): void {
    // While nothing is known, patience: a refusal cannot be taken back.
    const wanted = holdMs ?? INTERVAL_MS_MAX;
    this.#intervalMs = Math.min(INTERVAL_MS_MAX, Math.max(INTERVAL_MS_MIN, wanted));
  }
}
