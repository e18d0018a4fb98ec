// What all calls of one retry layer share.

import type { Clock } from '../../core/clock.ts';
import type { Service } from '../../core/layer.ts';
import type { Random } from '../../core/random.ts';
import type { Sweep } from '../../core/sweep.ts';
import type { RetryOptions } from './options.ts';
import type { RetryBudgets } from './retry-budgets.ts';
import type { RetryObserver } from './retry-observer.ts';

/** The layer's own parts and the service below it. */
export interface LoopContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly sweep: Sweep;
  readonly budgets: RetryBudgets;
  readonly observer: RetryObserver;
  readonly options: RetryOptions;
  readonly next: Service;
}
