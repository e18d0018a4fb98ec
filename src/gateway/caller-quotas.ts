// Which quotas hold for which caller, worked out once per configuration.

import type { Caller } from '../core/caller.ts';
import type { CallerQuotas } from '../layers/rate-limit/quota.ts';
import type { AccessSettings } from './config/settings.ts';

/** Answers the quotas of a caller, `undefined` = none. */
export type QuotasOf = (caller: Caller) => CallerQuotas | undefined;

/** The quotas of a configuration: those of each key, and of its tenant. */
export function callerQuotas({ keys, tenantQuotas }: AccessSettings): QuotasOf {
  const byName = new Map<string, CallerQuotas>();
  for (const { name, tenant, quota } of keys) {
    const shared = tenantQuotas.get(tenant);
    if (quota === undefined && shared === undefined) continue;
    byName.set(name, { key: quota, tenant: shared });
  }
  return ({ name }) => byName.get(name);
}
