// What the retry layer tells about itself.

import type { BudgetRefusal } from './retry-budget.ts';

/** Why a failure that could have been tried again was not. */
export type DenialCause =
  | BudgetRefusal
  | 'attempts'
  | 'retry-after'
  | 'deadline'
  | 'not-replayable'
  | 'quota';

/** Hears of every decision that is not the usual. Upstream names come from configuration. */
export interface RetryObserver {
  /** A further attempt is on its way; `cause` is what ended the last one (see `Outcome.cause`). */
  retried(upstream: string, cause: string): void;
  denied(upstream: string, why: DenialCause): void;
}

/** For who does not want to know. */
export const silentRetryObserver: RetryObserver = { retried() {}, denied() {} };
