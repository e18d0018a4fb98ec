// Something that waits, for the tests of the queue alone.

import type { Priority } from '../../core/caller.ts';
import type { Queued, TenantLine } from './class-lines.ts';
import type { Choice } from './wait-queue.ts';

/** One entry; `name` is how tests speak of it. */
export class Entry implements Queued<Entry> {
  readonly name: string;
  readonly priority: Priority;
  readonly tenant: string;
  readonly since: number;
  line: TenantLine<Entry> | undefined = undefined;
  older: Entry | undefined = undefined;
  newer: Entry | undefined = undefined;

  constructor(name: string, tenant: string, priority: Priority = 'default', since: number = 0) {
    this.name = name;
    this.tenant = tenant;
    this.priority = priority;
    this.since = since;
  }
}

/** Oldest first, nobody stale, all fit, unless told otherwise. */
export function choice(overrides: Partial<Choice<Entry>> = {}): Choice<Entry> {
  return {
    newestFirst: false,
    staleBefore: Number.NEGATIVE_INFINITY,
    stale: [],
    fits: () => true,
    ...overrides,
  };
}
