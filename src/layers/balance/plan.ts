// The targets of one route as the choice works with them: in tiers, each beside its load, with room
// for what is found out during one choice. That room is why a plan is used by one choice at a time;
// a choice is one synchronous run, so this needs no care.

import type { Target } from '../../core/target.ts';
import type { Load } from './load.ts';
import type { Loads } from './loads.ts';
import { hashText } from './rendezvous.ts';
import type { TierHealth } from './tiers.ts';

/** Whether a target may be used now: `overrulable` = no, but in a panic. */
export type Usability = 'usable' | 'overrulable' | 'shut';

/** One target of a plan. */
export class Slot {
  readonly target: Target;
  readonly load: Load;
  /** Value of the header that names the model which answers instead; `undefined` = none does. */
  readonly announced: string | undefined;
  readonly hash: number;
  /** Found by the current choice. */
  usability: Usability = 'usable';

  constructor(target: Target, load: Load) {
    this.target = target;
    this.load = load;
    this.announced = announcedModel(target.edit?.model);
    this.hash = hashText(`${target.key} ${target.edit?.model ?? ''}`);
  }
}

/** The targets of one tier. */
export class Tier implements TierHealth {
  readonly slots: readonly Slot[];
  /** Found by the current choice. */
  usable: number = 0;

  constructor(slots: readonly Slot[]) {
    this.slots = slots;
  }

  get size(): number {
    return this.slots.length;
  }
}

/** All targets of a route. */
export class Plan {
  readonly targets: readonly Target[];
  readonly tiers: readonly Tier[];
  /** Number of the tier that takes all calls while it is healthy. */
  readonly firstTier: number;
  /** The one target there is, where there is only one. */
  readonly only: Slot | undefined;
  /** The one tier there is, where nothing but gates and load decides. */
  readonly plain: Tier | undefined;

  constructor(targets: readonly Target[], loads: Loads, now: number) {
    this.targets = targets;
    const numbers = [...new Set(targets.map(({ tier }) => tier))].toSorted((a, b) => a - b);
    this.tiers = numbers.map((number) => {
      const members = targets.filter(({ tier }) => tier === number);
      return new Tier(members.map((target) => new Slot(target, loads.of(target.key, now))));
    });
    this.firstTier = numbers[0] ?? 0;
    const first = this.tiers[0];
    this.only = targets.length === 1 ? first?.slots[0] : undefined;
    const simple = this.tiers.length === 1 && targets.every(({ edit }) => edit === undefined);
    this.plain = simple && targets.length > 1 ? first : undefined;
  }
}

/** A model name as a header value; what a header cannot hold is percent-encoded. */
function announcedModel(model: string | undefined): string | undefined {
  if (model === undefined) return undefined;
  return /^[\x21-\x7e]+$/.test(model) ? model : encodeURIComponent(model);
}
