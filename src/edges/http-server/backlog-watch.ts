// How long bytes have waited for a caller to take them. Told the socket's backlog at each sweep.

import { NEVER } from '../../core/timeline.ts';

/** Watches one socket's backlog. */
export class BacklogWatch {
  #since: number = NEVER;

  /** Bytes are waiting, as of the last look. */
  get waiting(): boolean {
    return this.#since !== NEVER;
  }

  /** The kernel took everything. */
  drained(): void {
    this.#since = NEVER;
  }

  /** Notes the backlog at `now`; true once none of it went for longer than `limitMs`. */
  stalled(backlogBytes: number, now: number, limitMs: number): boolean {
    if (backlogBytes === 0) this.#since = NEVER;
    else if (this.#since === NEVER) this.#since = now;
    return this.#since !== NEVER && now - this.#since > limitMs;
  }
}
