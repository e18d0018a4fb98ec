// The targets of one route as the choice works with them: in tiers, each beside its load, with room
// for what is found out during one choice. That room is why a plan is used by one choice at a time;
// a choice is one synchronous run, so this needs no care.

import { setting } from '../../core/head-edit-sink.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Target, TargetEdit } from '../../core/target.ts';
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
  /** What is changed in the head of its answers; `undefined` = nothing. */
  readonly headEdit: ((headers: HeaderList) => HeaderList) | undefined;
  readonly hash: number;
  /** Found by the current choice. */
  usability: Usability = 'usable';

  constructor(target: Target, load: Load) {
    this.target = target;
    this.load = load;
    this.headEdit = headEditOf(target.edit);
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

/** Response header that names the model which answers when it is not the one asked for. */
const MODEL_HEADER = 'x-holdfast-model';

/** Another model is another answer, so it is never silent. */
function headEditOf(edit: TargetEdit | undefined): Slot['headEdit'] {
  if (edit?.model === undefined) return edit?.answer;
  const announce = setting(MODEL_HEADER, headerValue(edit.model));
  const { answer } = edit;
  return answer === undefined ? announce : (headers) => announce(answer(headers));
}

/** A model name as a header value; what a header cannot hold is percent-encoded. */
function headerValue(model: string): string {
  return /^[\x21-\x7e]+$/.test(model) ? model : encodeURIComponent(model);
}
