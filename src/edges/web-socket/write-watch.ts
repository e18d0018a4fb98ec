// Whether the bytes that wait for one peer move. A full kernel buffer gives way only when the peer
// acknowledges bytes, so movement of a backlog is a sign of life, and its standstill a verdict.
// Pure: looked at in each sweep while something waits or did at the last look.

/**
 * - `idle`: nothing waits.
 * - `waiting`: something waits, for less than the limit.
 * - `moving`: something was waiting at the last look, and some of it has left since.
 * - `stalled`: nothing has left for the limit.
 */
export type WriteState = 'idle' | 'waiting' | 'moving' | 'stalled';

/** Watches the backlog of one connection. */
export class WriteWatch {
  /** Something was waiting at the last look. */
  waiting: boolean = false;
  readonly #stallMs: number;
  #movedAt: number;
  #flushes: number = 0;

  constructor(stallMs: number, now: number) {
    this.#stallMs = stallMs;
    this.#movedAt = now;
  }

  /** `flushes` counts the pieces that have left so far. */
  look(now: number, backlogBytes: number, flushes: number): WriteState {
    const moved = flushes !== this.#flushes;
    const waited = this.waiting;
    this.#flushes = flushes;
    this.waiting = backlogBytes > 0;
    if (moved || !waited || backlogBytes === 0) this.#movedAt = now;
    if (moved && waited) return 'moving';
    if (backlogBytes === 0) return 'idle';
    return now - this.#movedAt > this.#stallMs ? 'stalled' : 'waiting';
  }
}
