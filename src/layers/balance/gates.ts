// What the choice asks others before it uses a target. It knows none of them by name.

import type { Call } from '../../core/call.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Target, TargetGate } from '../../core/target.ts';

/**
 * A gate that yields when too few targets are left, because its reason is a judgement (a breaker)
 * and not a fact (a quota, a full house). Gates without these two methods never yield.
 */
export interface YieldingGate {
  /** Whether its refusal of this target may be overruled. */
  mayOverrule(target: Target, call: Call): boolean;
  /** The attempt is sent there in spite of its refusal. */
  overrule(attempt: Call): void;
}

/** A gate whose reason has an error of its own, which callers act on in another way. */
export interface NamedGate {
  /** What a call is told when this gate alone keeps it from every target. */
  readonly refusesAs: ErrorCode;
}

/** A gate of any kind. */
export type ChoiceGate = TargetGate & Partial<YieldingGate> & Partial<NamedGate>;

/** Knows which targets have just come back. */
export interface Recovery {
  /** When the target was last taken back, in monotonic ms; `-Infinity` = it was never given up. */
  recoveredAt(target: Target, call: Call): number;
}
