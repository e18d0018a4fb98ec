// What others may learn about quotas, as it happens. Names come from configuration: safe labels.

import type { QuotaKind, QuotaScope } from './quota.ts';

/** Hears of refusals and of tokens. */
export interface RateLimitObserver {
  /** A call was refused; `name` is that of the key or tenant whose quota is used up. */
  refused(scope: QuotaScope, name: string, kind: QuotaKind): void;
  /** A call of this key had tokens reserved and is over; `used` is what it was charged. */
  settled(key: string, reserved: number, used: number): void;
}

/** For who does not want to know. */
export const silentRateLimitObserver: RateLimitObserver = Object.freeze({
  refused() {},
  settled() {},
});
