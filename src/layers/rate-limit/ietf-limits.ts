// The RateLimit and RateLimit-Policy fields (draft-ietf-httpapi-ratelimit-headers-11): for each
// named policy what is left (`r`) and for how many seconds that must do (`t`), and apart from it
// what the policy grants (`q`) in which window (`w`). A policy that does not count requests says so
// (`qu`) and is left out. Whether a budget comes back at once or little by little is not said, so
// the stricter is assumed.

import type { AnswerFields, ReadingTaker } from './limit-reading.ts';
import { structuredList } from './structured-list.ts';
import type { ListItem } from './structured-list.ts';

const COUNTS_REQUESTS = 'requests';

/** Reads these fields. */
export function readIetfLimits(fields: AnswerFields, taker: ReadingTaker): void {
  const limits = listOf(fields, 'ratelimit');
  if (limits === undefined) return;
  const policies = listOf(fields, 'ratelimit-policy') ?? [];
  for (const { value, params } of limits) {
    const policy = policies.find((item) => item.value === value);
    const remaining = unitsIn(params, 'r');
    const limit = Math.max(0, unitsIn(policy?.params, 'q'));
    const unit = policy?.params.get('qu') ?? COUNTS_REQUESTS;
    if (remaining < 0 || unit !== COUNTS_REQUESTS) continue;
    // Without a policy only the end can be seen, not how near it is.
    if (limit === 0 && remaining > 0) continue;
    if (!taker.wants('requests', limit === 0 ? 0 : Math.min(1, remaining / limit))) continue;
    const seconds = unitsIn(params, 't');
    const resetMs = (seconds >= 0 ? seconds : unitsIn(policy?.params, 'w')) * 1_000;
    if (resetMs < 0) continue;
    taker.take({ kind: 'requests', name: value, limit, remaining, resetMs, gradual: false });
  }
}

function listOf({ headers }: AnswerFields, name: string): ListItem[] | undefined {
  if (!headers.has(name)) return undefined;
  return structuredList(headers.all(name).join(', '));
}

function unitsIn(params: ListItem['params'] | undefined, name: string): number {
  const value = params?.get(name);
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : -1;
}
