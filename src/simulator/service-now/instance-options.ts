// How a simulated instance is set up. Source of the numbers: ServiceNow reference, sections 4 to 6.

import type { AccountOptions } from './accounts.ts';
import type { RateRule } from './rate-rules.ts';

/** One instance. */
export interface InstanceOptions extends AccountOptions {
  /** The same seed gives the same rows. */
  readonly seed: number;
  /** Rows in each table. */
  readonly rows: number;
  /** Path in front of every path, such as `/servicenow`, or ''. */
  readonly mount: string;
  /** How long a query takes unless it wishes otherwise, in ms. */
  readonly queryMs: number;
  /** A query that takes longer is cancelled, in ms. */
  readonly quotaMs: number;
  /** Calls that run at a time, and that may wait for it. */
  readonly running: number;
  readonly queue: number;
  /** What becomes of calls beyond these: their connection is closed, or they are answered 429. */
  readonly overflow: 'close' | 'refuse';
  /** Calls of one session that may wait; it runs one at a time. */
  readonly sessionQueue: number;
  readonly rateRules: readonly RateRule[];
  /** Status of the page that is answered while the instance sleeps. */
  readonly sleepStatus: number;
}

/** An instance that behaves as the one of the incident did. */
export const defaultInstanceOptions: InstanceOptions = Object.freeze({
  seed: 1,
  rows: 300,
  mount: '',
  queryMs: 25,
  // "REST Table API request timeout".
  quotaMs: 60_000,
  // The semaphore for integrations has four threads on each node. Its queue has 50 places, but an
  // instance whose queue others keep full, as in the incident, has none for us.
  running: 4,
  queue: 0,
  overflow: 'close',
  sessionQueue: 10,
  rateRules: Object.freeze([]),
  sleepStatus: 200,
  users: Object.freeze({ integration: 'integration' }),
  clients: Object.freeze({ holdfast: 'holdfast' }),
  // Off on real instances until an administrator sets a property; here it is what is tried out.
  clientUser: 'integration',
  accessTokenMs: 1_800_000,
  refreshTokenMs: 8_640_000_000,
});
