// What a joint call needs of the place where all of them are known.

import type { BufferBudget } from '../../core/replay-body.ts';
import type { Clock } from '../../core/clock.ts';
import type { Leases } from '../../core/leases.ts';
import type { JointCall } from './joint-call.ts';
import type { TwinsObserver } from './twins-observer.ts';

/** Keeps track of joint calls. */
export interface JointHome {
  readonly clock: Clock;
  readonly leases: Leases;
  /** For the answers of all joint calls together. */
  readonly memory: BufferBudget;
  readonly observer: TwinsObserver;
  /** `observer.outrun`, made once. */
  readonly outrun: (route: string) => void;
  /** There is room for one more call without callers. */
  mayLinger(): boolean;
  /** Look at this call with each sweep: it has twins, or waits for one. Ends with `over`. */
  watch(joint: JointCall): void;
  /** It can no longer be joined. */
  shut(joint: JointCall): void;
  /** It is done with. */
  over(joint: JointCall): void;
}
