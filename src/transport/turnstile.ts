// Lets the event loop turn twice before a pooled socket is written, so that a FIN that lies in the
// kernel already is seen first. Twice, because the first turn may come before the next poll.
// A connection that was in use a moment ago needs one turn only.
// Everyone who waits in the same turn shares one callback of the clock.
// Invariant: who enters is told exactly once, unless taken out by `leave`.

import type { Clock } from '../core/clock.ts';

/** Waits at the turnstile. */
export interface Waiting {
  /** The event loop has turned twice. */
  passed(): void;
}

/** A queue of two turns. */
export class Turnstile {
  readonly #clock: Clock;
  readonly #turn: () => void;
  #first: Waiting[] = [];
  #second: Waiting[] = [];
  #running: Waiting[] = [];
  #armed: boolean = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turn = () => this.#pass();
  }

  /**
   * Waits two turns, or one where no FIN can be expected. One is kept even then: all requests of a
   * turn go out together, so the upstream is woken once and not for each of them.
   */
  enter(waiting: Waiting, turns: 1 | 2 = 2): void {
    if (turns === 1) this.#second.push(waiting);
    else this.#first.push(waiting);
    this.#arm();
  }

  /** Takes one out; does nothing when it has passed already. */
  leave(waiting: Waiting): void {
    remove(this.#first, waiting);
    remove(this.#second, waiting);
    remove(this.#running, waiting);
  }

  #pass(): void {
    const passing = this.#second;
    this.#second = this.#first;
    this.#first = this.#running;
    this.#running = passing;
    this.#armed = false;
    if (this.#second.length > 0) this.#arm();
    try {
      // By shifting, because one who passes may make another leave.
      for (let next = passing.shift(); next !== undefined; next = passing.shift()) next.passed();
    } finally {
      // Only after a defect: those behind it go on in the next turn, not with the next call.
      if (passing.length > 0) {
        this.#second.unshift(...passing.splice(0));
        this.#arm();
      }
    }
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#clock.nextTurn(this.#turn);
  }
}

function remove(list: Waiting[], waiting: Waiting): void {
  const at = list.indexOf(waiting);
  if (at >= 0) list.splice(at, 1);
}
