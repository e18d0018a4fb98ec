// What others may learn about the choices of the balance layer, beyond the attempts themselves.

/** Hears of choices that are not the usual. Route and upstream names come from configuration. */
export interface BalanceObserver {
  /** A call went to a tier other than the first. */
  spilled(route: string, upstream: string): void;
  /** Too few targets of a tier were usable, so that those given up were used as well. */
  panicked(route: string): void;
  /** No target could be used. */
  refused(route: string): void;
}

/** For who does not want to know. */
export const silentBalanceObserver: BalanceObserver = Object.freeze({
  spilled() {},
  panicked() {},
  refused() {},
});
