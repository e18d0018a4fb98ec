// The budgets of all upstreams. They outlive reloads: a storm does not end because a file changed.

import type { Call } from '../../core/call.ts';
import type { Target } from '../../core/target.ts';
import { defaultRetryBudgetOptions } from './options.ts';
import type { RetryBudgetOptions } from './options.ts';
import { RetryBudget } from './retry-budget.ts';

/** One budget as the admin page shows it. */
export interface RetryBudgetView {
  readonly upstream: string;
  readonly remaining: number;
  readonly retrying: number;
  readonly running: number;
}

/** Budgets by upstream; names come from configuration, so `retain` bounds them. */
export class RetryBudgets {
  readonly #options: RetryBudgetOptions;
  readonly #budgets = new Map<string, RetryBudget>();

  constructor(options: RetryBudgetOptions = defaultRetryBudgetOptions) {
    this.#options = options;
  }

  /** The budget of an upstream, new where there is none. */
  of(upstream: string): RetryBudget {
    let budget = this.#budgets.get(upstream);
    if (budget === undefined) {
      budget = new RetryBudget(this.#options);
      this.#budgets.set(upstream, budget);
    }
    return budget;
  }

  /** Tells of the attempt of `call` that was made last; `own` is the budget of its route. */
  judge({ route, timeline }: Call, own: RetryBudget, wentWell: boolean): void {
    const { endpoint, upstream } = timeline;
    const budget = upstream === '' || upstream === route.upstream ? own : this.of(upstream);
    budget.judge(wentWell, endpoint);
  }

  /** Whether so much has failed at each of these targets that no retry may be sent to any. */
  areThrottled(targets: readonly Target[]): boolean {
    return targets.every(({ endpoint: { host, port }, upstream }) =>
      this.of(upstream).isThrottledAt(`${host}:${port}`),
    );
  }

  /** Forgets upstreams that a new configuration does not have. */
  retain(upstreams: ReadonlySet<string>): void {
    for (const name of this.#budgets.keys()) if (!upstreams.has(name)) this.#budgets.delete(name);
  }

  view(now: number): RetryBudgetView[] {
    return [...this.#budgets].map(([upstream, budget]) => ({
      upstream,
      remaining: budget.remaining(now),
      retrying: budget.retrying,
      running: budget.running,
    }));
  }
}
