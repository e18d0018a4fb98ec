// Whether one peer still lives: any byte is a sign of life, silence leads to a ping, and a ping
// without a sign of life to the verdict. Pure: times are handed in, nothing is sent here.
// Invariant: from the last sign of life to the verdict no more than one ping interval and the pong
// limit go by. A ping that cannot leave wins no time: a backlog that moves is a sign of life too.

import { jittered } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import { NEVER } from '../../core/timeline.ts';

/** What to do about a peer now. */
export type Pulse = 'well' | 'ping' | 'silent';

/** The limits; see `WebSocketOptions`. */
export interface LivenessLimits {
  readonly pingMs: number;
  readonly pingJitter: number;
  readonly pongMs: number;
}

/** The pulse of one peer. */
export class Liveness {
  readonly #limits: LivenessLimits;
  readonly #random: Random;
  #aliveAt: number;
  #pingAfterMs: number;
  #askedAt: number = NEVER;

  constructor(limits: LivenessLimits, random: Random, now: number) {
    this.#limits = limits;
    this.#random = random;
    this.#aliveAt = now;
    this.#pingAfterMs = this.#drawInterval();
  }

  /** A sign of life, or a time in which none could be seen. */
  heard(now: number): void {
    this.#aliveAt = now;
    if (this.#askedAt === NEVER) return;
    this.#askedAt = NEVER;
    this.#pingAfterMs = this.#drawInterval();
  }

  /** Looks at the peer; `ping` is said once for each silence. */
  look(now: number): Pulse {
    if (this.#askedAt !== NEVER) {
      return now - this.#askedAt > this.#limits.pongMs ? 'silent' : 'well';
    }
    if (now - this.#aliveAt < this.#pingAfterMs) return 'well';
    this.#askedAt = now;
    return 'ping';
  }

  #drawInterval(): number {
    return jittered(this.#limits.pingMs, this.#limits.pingJitter, this.#random);
  }
}
