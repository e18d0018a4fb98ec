// Tells whether a throttled answer speaks of the upstream or only of the credentials it was asked
// with. Callers bring credentials of their own, and one exhausted key must not shrink the limit for
// everybody: while other credentials are answered well, the upstream has room.

/** For how long an answer to other credentials speaks for the upstream, in ms. */
const SPEAKS_MS = 10_000;

/** Remembers the last good answer, and the last one under other credentials than that. */
export class CredentialWitness {
  #last: string | undefined = undefined;
  #lastAt: number = Number.NEGATIVE_INFINITY;
  #otherAt: number = Number.NEGATIVE_INFINITY;

  /** The upstream answered well under this credential. */
  answered(credential: string, now: number): void {
    if (credential !== this.#last) {
      this.#otherAt = this.#lastAt;
      this.#last = credential;
    }
    this.#lastAt = now;
  }

  /** Whether a refusal under this credential is its own affair. */
  isOwnAffair(credential: string, now: number): boolean {
    const otherAt = credential === this.#last ? this.#otherAt : this.#lastAt;
    return now - otherAt <= SPEAKS_MS;
  }
}
