// The orderly end of one gateway: what its drain acts on, what is logged of it, and the promise
// that keeps until the last connection is closed. Order and times are decided in src/layers/drain.

import type { Clock } from '../core/clock.ts';
import type { Drain, DrainGround } from '../layers/drain/drain.ts';
import type { DrainPhase } from '../layers/drain/drain-phases.ts';
import type { DrainReport } from '../layers/drain/drain-tally.ts';
import { defaultDrainTimes } from '../layers/drain/options.ts';
import type { DrainTimes } from '../layers/drain/options.ts';
import type { ProcessLog } from './process-log.ts';

/** How a drain differs from the configured one. */
export interface DrainHow extends Partial<DrainTimes> {
  /** Somebody asks for readiness and needs time to act on it. Default: as seen by this gateway. */
  readonly watched?: boolean;
}

/** The side of an edge that ends. */
export interface EndingEdge {
  readonly size: number;
  readonly listening: boolean;
  closeResting(share: number): void;
  stopAccepting(lateMs: number): void;
  /** Waits until the listener and all connections are closed; cuts them after `graceMs`. */
  close(graceMs: number): Promise<void>;
  destroy(): void;
}

/** What the way out is given. */
export interface WayOutDeps {
  readonly clock: Clock;
  readonly drain: Drain;
  readonly edge: EndingEdge;
  readonly log: ProcessLog;
}

/** Why a reload changes nothing on the way out. */
export const TOO_LATE = 'this gateway is on its way out; the old configuration stays';

/** Readiness that was not asked for this long, in ms, is not watched by anybody. */
export const WATCHED_MS = 60_000;

/** One gateway's end. */
export class WayOut implements DrainGround {
  readonly #deps: WayOutDeps;
  #lateMs: number = 0;
  #readyAskedAt: number = -Infinity;
  #over: PromiseWithResolvers<DrainReport> | undefined = undefined;

  constructor(deps: WayOutDeps) {
    this.#deps = deps;
  }

  /** An end was asked for. */
  get begun(): boolean {
    return this.#over !== undefined;
  }

  get connections(): number {
    return this.#deps.edge.size;
  }

  get listening(): boolean {
    return this.#deps.edge.listening;
  }

  /** Somebody looks at readiness. */
  readyAsked(): void {
    this.#readyAskedAt = this.#deps.clock.now();
  }

  /** Goes the whole way; a second call waits for the first. */
  go(configured: Partial<DrainTimes>, how: DrainHow): Promise<DrainReport> {
    if (this.#over !== undefined) return this.#over.promise;
    this.#over = Promise.withResolvers();
    const { promise } = this.#over;
    const { clock, drain, log } = this.#deps;
    const { watched = clock.now() - this.#readyAskedAt < WATCHED_MS, ...times } = how;
    const all = { ...defaultDrainTimes, ...configured, ...times };
    // Without connections and without anybody who asks, no caller could be sent elsewhere.
    const idle = this.connections === 0 && drain.running === 0 && !watched;
    const { lagMs, rampMs, graceMs, lateMs } = { ...all, ...(idle ? { lagMs: 0 } : {}) };
    this.#lateMs = lateMs;
    log.info({ calls: drain.running, lagMs, rampMs, graceMs }, 'draining');
    drain.begin({ ...all, lagMs }, this);
    return promise;
  }

  closeResting(share: number): void {
    this.#deps.edge.closeResting(share);
  }

  stopAccepting(): void {
    const { edge, drain } = this.#deps;
    edge.stopAccepting(this.#lateMs);
    // The drain has limits of its own, and calls `destroy` at the last of them.
    void edge.close(Infinity).then(() => drain.check());
  }

  phaseBegan(phase: DrainPhase): void {
    const { log, drain, edge } = this.#deps;
    log.debug({ phase, calls: drain.running, connections: edge.size }, 'drain');
  }

  drained(report: DrainReport): void {
    this.#deps.edge.destroy();
    this.#over?.resolve(report);
  }
}
