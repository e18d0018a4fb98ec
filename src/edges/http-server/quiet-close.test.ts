import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../core/clock.ts';
import { closeWhenQuiet } from './quiet-close.ts';

/** A loop whose turns take `turnMs`, and a listener that is closed in one of them. */
class Loop {
  accepted: number = 3;
  closed: number = 0;
  #now: number = 0;
  readonly #turnMs: number;
  #next: (() => void) | undefined = undefined;

  constructor(turnMs: number) {
    this.#turnMs = turnMs;
    const clock: Pick<Clock, 'now' | 'nextTurn'> = {
      now: () => this.#now,
      nextTurn: (run) => {
        this.#next = run;
      },
    };
    closeWhenQuiet(
      clock as Clock,
      () => this.accepted,
      () => (this.closed += 1),
    );
  }

  /** One turn, in which `came` connections are accepted; answers whether it was the last. */
  turn(came: number): boolean {
    const run = this.#next;
    this.#next = undefined;
    this.#now += this.#turnMs;
    this.accepted += came;
    run?.();
    return this.closed > 0;
  }

  /** Turns until the close, each with what `came` says. */
  turns(came: () => number): number {
    let turns = 1;
    while (!this.turn(came())) turns += 1;
    assert.equal(this.#next, undefined, 'nothing is left to run');
    return turns;
  }
}

describe('closing a listener', () => {
  it('waits while connections come in every turn', () => {
    const loop = new Loop(0.01);
    for (let turn = 0; turn < 50; turn += 1) assert.equal(loop.turn(1), false);
    assert.equal(loop.turn(0), true);
    assert.equal(loop.closed, 1);
  });

  it('takes a long turn for no proof, but several of them', () => {
    assert.equal(
      new Loop(2).turns(() => 0),
      5,
    );
    assert.equal(
      new Loop(0.01).turns(() => 0),
      2,
      'the first one has nothing to compare with',
    );
  });

  it('gives up on a listener that is never quiet', () => {
    assert.equal(
      new Loop(10).turns(() => 1),
      100,
    );
  });
});
