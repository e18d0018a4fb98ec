// What a supervisor and its workers say to each other, over the channel of `fork`.

import type { DrainReport } from '../../layers/drain/drain-tally.ts';
import type { AdminPage } from '../admin.ts';
import type { ConfigSource, Overrides } from '../config/load.ts';
import type { Address } from '../config/values.ts';
import type { DrainHow } from '../way-out.ts';
import type { Place } from './divided-settings.ts';
import type { TokenAsk } from './crew-tokens.ts';

/** Everything a worker needs to begin. */
export interface WorkerStart {
  readonly place: Place;
  /** What the supervisor has read, so that all workers have the same; none = built in. */
  readonly source: ConfigSource | undefined;
  readonly overrides: Overrides;
}

/** What may be asked: an admin page, or the metrics. */
export type Question = AdminPage | 'metrics';

/** To a worker. */
export type ToWorker =
  | { readonly kind: 'start'; readonly start: WorkerStart }
  | { readonly kind: 'reload'; readonly source: ConfigSource | undefined }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  | { readonly kind: 'tokens'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'drain'; readonly how: DrainHow }
  | { readonly kind: 'cut' };

/** From a worker. */
export type FromWorker =
  | { readonly kind: 'listening'; readonly at: Address }
  | { readonly kind: 'failed'; readonly lines: readonly string[]; readonly usage: boolean }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'tokens'; readonly id: number; readonly ask: TokenAsk }
  | { readonly kind: 'drained'; readonly report: DrainReport };
