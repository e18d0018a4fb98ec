// How an edge learns where a request goes, without knowing configuration.

import type { Dialect } from '../../core/dialect.ts';
import type { ReplayBody } from '../../core/replay-body.ts';
import type { Resolution } from '../../core/route.ts';
import type { RequestHead } from '../../http1/head.ts';

/** Chooses a service for each request. Never throws; a refusal is a service that fails. */
export interface Router {
  /**
   * Called when the head is known, and again as body bytes arrive while it answers `undefined`
   * (it needs more of the body, for example to find the model). Must decide once `body.complete`
   * or when the body has stopped being replayable.
   */
  resolve(head: RequestHead, body: ReplayBody): Resolution | undefined;
  /** Bytes of a request body that may be kept for this head; decided before the body is read. */
  keepBytesMax(head: RequestHead): number;
  /** The dialect to refuse in while no route is known; chosen by the path alone. */
  dialectFor(head: RequestHead): Dialect;
}
