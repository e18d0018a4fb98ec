// The budgets of all upstreams. They outlive reloads: a storm does not end because a file changed.

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
