// What first bytes take at each endpoint, by kind of route. Outlives reloads and is shared by all
// stacks: the timeouts layer feeds it and takes its limits from it, and whoever must guess whether
// a call can be in time asks it. Bounded: by the endpoints of the configuration, and by a cap.

import type { Clock } from '../../core/clock.ts';
import type { Endpoint, Route, RouteKind } from '../../core/route.ts';
import type { LatencyView } from '../../core/target.ts';
import { FirstByteWindow } from './first-byte-window.ts';

/** Endpoints kept, at 9 or 18 KB each; beyond it the one that was made first is forgotten. */
const ENDPOINTS_MAX = 1_024;

/** One row of the debug view; times in ms, `undefined` while too few were seen. */
export interface FirstByteView {
  readonly endpoint: string;
  readonly kind: RouteKind;
  readonly samples: number;
  readonly p50Ms: number | undefined;
  /** As last used for a limit. */
  readonly p99Ms: number | undefined;
}

/** The windows of one endpoint, each made at its first sample. */
class Windows {
  completion: FirstByteWindow | undefined = undefined;
  other: FirstByteWindow | undefined = undefined;
}

/** The registry. Ends with the gateway. */
export class FirstByteTimes implements LatencyView {
  readonly clock: Clock;
  readonly #windows = new Map<string, Windows>();

  constructor(deps: { readonly clock: Clock }) {
    this.clock = deps.clock;
  }

  /** Endpoints known. */
  get size(): number {
    return this.#windows.size;
  }

  /** Records what an attempt at this endpoint took; `now` as of its first byte, in monotonic ms. */
  record(endpointKey: string, kind: RouteKind, ms: number, now: number): void {
    const windows = this.#windows.get(endpointKey) ?? this.#add(endpointKey);
    (windows[kind] ??= new FirstByteWindow()).record(ms, now);
  }

  /** The window of an endpoint, once it has a sample. */
  at(endpointKey: string, kind: RouteKind): FirstByteWindow | undefined {
    return this.#windows.get(endpointKey)?.[kind];
  }

  /**
   * Where a route has several first choices, what the fastest of them takes: a guess that costs a
   * call its chance must not rest on the slowest.
   */
  firstByteP50(route: Route): number | undefined {
    const now = this.clock.now();
    let least: number | undefined;
    if (route.targets.length === 0) {
      for (const endpoint of route.endpoints) {
        least = lesser(least, this.#p50(endpoint, route.kind, now));
      }
      return least;
    }
    for (const { tier, endpoint } of route.targets) {
      if (tier === 0) least = lesser(least, this.#p50(endpoint, route.kind, now));
    }
    return least;
  }

  /** Forgets every endpoint that a new configuration does not have. */
  retain(endpointKeys: ReadonlySet<string>): void {
    for (const key of this.#windows.keys()) if (!endpointKeys.has(key)) this.#windows.delete(key);
  }

  /** What is known of each endpoint, for the admin page. */
  view(): FirstByteView[] {
    const now = this.clock.now();
    const views: FirstByteView[] = [];
    for (const [endpoint, windows] of this.#windows) {
      for (const kind of ['completion', 'other'] as const) {
        const window = windows[kind];
        if (window === undefined) continue;
        const p50Ms = window.p50(now);
        views.push({ endpoint, kind, samples: window.samples, p50Ms, p99Ms: window.lastP99 });
      }
    }
    return views;
  }

  #p50(endpoint: Endpoint, kind: RouteKind, now: number): number | undefined {
    return this.at(endpoint.key, kind)?.p50(now);
  }

  #add(endpointKey: string): Windows {
    if (this.#windows.size >= ENDPOINTS_MAX) {
      for (const oldest of this.#windows.keys()) {
        this.#windows.delete(oldest);
        break;
      }
    }
    const windows = new Windows();
    this.#windows.set(endpointKey, windows);
    return windows;
  }
}

function lesser(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
