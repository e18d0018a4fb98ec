// Where a call has been already. Kept apart from the call and only once an attempt has gone badly:
// most calls never come back, and an entry for each would cost as much as the rest of the layer.

import type { Target } from '../../core/target.ts';
import type { Timeline } from '../../core/timeline.ts';

const none: readonly Target[] = [];

/** Targets by call; an entry goes with its call's timeline. */
export class TriedTargets {
  readonly #byCall = new WeakMap<Timeline, Target[]>();

  /** The targets tried for the call of this timeline. */
  of(timeline: Timeline): readonly Target[] {
    return this.#byCall.get(timeline) ?? none;
  }

  add(timeline: Timeline, target: Target): void {
    const known = this.#byCall.get(timeline);
    if (known === undefined) this.#byCall.set(timeline, [target]);
    else if (!known.includes(target)) known.push(target);
  }
}
