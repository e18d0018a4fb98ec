// The one loop of attempts, for streams and for whole answers. Holds each answer behind a gate
// until its first content; what fails before that is replaced where the rules, the budget and the
// deadline allow, and the caller never knows. After the gate everything passes untouched.
// Invariants: one attempt at a time, each heard to its end before the next begins; what the budget
// lent is given back once; a caller who leaves ends the wait at once.

import type { Clock } from '../../core/clock.ts';
import type { Layer } from '../../core/layer.ts';
import type { Random } from '../../core/random.ts';
import type { Sweep } from '../../core/sweep.ts';
import { AttemptLoop } from './attempt-loop.ts';
import type { LoopContext } from './loop-context.ts';
import { defaultRetryOptions } from './options.ts';
import type { RetryOptions } from './options.ts';
import type { RetryBudgets } from './retry-budgets.ts';
import { silentRetryObserver } from './retry-observer.ts';
import type { RetryObserver } from './retry-observer.ts';

/** What the layer is given. */
export interface RetryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly sweep: Sweep;
  readonly budgets: RetryBudgets;
  readonly observer?: RetryObserver;
}

/** Makes attempts of each call until one is accepted. */
export function retryLayer(deps: RetryDeps, options: RetryOptions = defaultRetryOptions): Layer {
  const { clock, random, sweep, budgets, observer = silentRetryObserver } = deps;
  return {
    name: 'retry',
    wrap(next) {
      const context: LoopContext = { clock, random, sweep, budgets, observer, options, next };
      return (call, sink) => {
        new AttemptLoop(context, call, sink, budgets.of(call.route.upstream)).begin();
      };
    },
  };
}
