// What the deadline layer tells those who count.

import type { LimitFieldName } from './caller-limits.ts';

/** Why a call was refused before anything was spent. */
export type DeadlineRefusal = 'over' | 'hopeless' | 'malformed';

/** Hears what came of callers' limits. Every argument is from a closed list. */
export interface DeadlineObserver {
  /** A field of another project held what its grammar does not allow; the call goes on without. */
  fieldIgnored(field: LimitFieldName): void;
  refused(why: DeadlineRefusal): void;
  /** Hopeless by its numbers, but let through: the share of refusals was used up. */
  spared(): void;
  /** The limit passed while the call ran. */
  cut(phase: 'wait' | 'stream'): void;
}

/** Says nothing. */
export const silentDeadlineObserver: DeadlineObserver = {
  fieldIgnored() {},
  refused() {},
  spared() {},
  cut() {},
};
