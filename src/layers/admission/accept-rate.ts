// The last resort against an upstream that refuses: calls are refused here, with a probability that
// rises with the share it refuses, so that it is not kept busy with saying no. Google's client-side
// throttle as in Finagle's NackAdmissionFilter. Never refuses all: what still goes out finds out
// when it accepts again.

/** Time over which the accepted share is averaged, in ms. */
const WINDOW_MS = 120_000;
/** Above this accepted share nothing is refused; below, twice the share is still let through. */
const HEALTHY_SHARE = 0.5;
const DROP_SHARE_MAX = 0.75;
/** Below this many calls a second a few refusals mean nothing. */
const CALLS_PER_S_MIN = 5;
/** Time over which calls per second are averaged, in ms. */
const COUNT_MS = 10_000;

/** Which share of its calls an upstream accepts. */
export class AcceptRate {
  #accepted: number = 1;
  #dropShare: number = 0;
  #calls: number = 0;
  #notedAt: number = Number.NEGATIVE_INFINITY;
  #countedAt: number = Number.NEGATIVE_INFINITY;

  /** Probability with which a call should be refused, as of the last one noted. */
  get dropShare(): number {
    return this.#dropShare;
  }

  /** The upstream has taken, or refused to take, a call. */
  noted(accepted: boolean, now: number): void {
    const weight = Math.exp((this.#notedAt - now) / WINDOW_MS);
    const share = accepted ? 1 : 0;
    // The first call ever has no past, and one refusal is not a rate.
    if (this.#notedAt !== Number.NEGATIVE_INFINITY) {
      this.#accepted = share + (this.#accepted - share) * weight;
    }
    this.#notedAt = now;
    this.#count(1, now);
  }

  /** Whether a call is refused here; `draw` is a random number in [0, 1). */
  drops(draw: number, now: number): boolean {
    // Only who is noted counts, and who is refused here: those that are sent come to `noted`.
    this.#count(0, now);
    if (draw >= this.#dropShare) return false;
    this.#count(1, now);
    return true;
  }

  #count(calls: number, now: number): void {
    this.#calls = this.#calls * Math.exp((this.#countedAt - now) / COUNT_MS) + calls;
    this.#countedAt = now;
    const busy = (this.#calls * 1_000) / COUNT_MS >= CALLS_PER_S_MIN;
    this.#dropShare =
      busy && this.#accepted < HEALTHY_SHARE
        ? Math.min(DROP_SHARE_MAX, 1 - this.#accepted / HEALTHY_SHARE)
        : 0;
  }
}
