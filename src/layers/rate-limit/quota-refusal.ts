// What a caller is told whose quota is used up: which one, and exactly when to come back.

import { CallError } from '../../core/errors.ts';
import type { RateLimitOptions } from './options.ts';
import { rateText } from './quota.ts';
import type { Quota, QuotaKind } from './quota.ts';
import type { QuotaAccount } from './quota-store.ts';

/** Why a call was refused. */
export interface Shortage {
  readonly account: QuotaAccount;
  readonly quota: Quota;
  readonly kind: QuotaKind;
  /** Until it would be let in, if nobody else came, in ms. */
  readonly waitMs: number;
  /** Tokens that the call would reserve. */
  readonly tokens: number;
}

/** The error of a call that its quota does not allow. */
export function quotaRefusal(shortage: Shortage, options: RateLimitOptions): CallError {
  const { account, waitMs } = shortage;
  const owner = `${account.scope === 'key' ? 'Key' : 'Tenant'} "${account.name}"`;
  return new CallError('QUOTA_EXCEEDED', {
    detail: `${owner} ${ruleText(shortage)}.`,
    retryAfterMs: waitMs,
    ...(waitMs > options.callerWaitMsMax ? { shouldRetry: false } : undefined),
  });
}

function ruleText({ quota, kind, tokens }: Shortage): string {
  const { requests, tokens: budget, concurrent = 0 } = quota;
  if (kind === 'concurrency') return `has ${concurrent} calls running, and may have no more`;
  if (kind === 'requests') {
    return requests === undefined ? '' : `may make ${rateText(requests, 'calls')}`;
  }
  const rate = budget === undefined ? '' : `may use ${rateText(budget, 'tokens')}`;
  return `${rate}, and this call may need ${tokens}`;
}
