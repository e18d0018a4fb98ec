// Looks at endpoints that calls have given up, as the configuration says: whether a connection can
// be made, or whether a path of the service answers well. Never sends a call of a caller.

import { anonymousCaller } from '../core/caller.ts';
import { Cancellation } from '../core/cancellation.ts';
import type { Clock } from '../core/clock.ts';
import { CallError } from '../core/errors.ts';
import { HeaderList } from '../core/header-list.ts';
import { stack } from '../core/layer.ts';
import type { Service } from '../core/layer.ts';
import { ReplayBody } from '../core/replay-body.ts';
import type { Endpoint, PhaseLimits } from '../core/route.ts';
import type { Sink } from '../core/sink.ts';
import type { Sweep } from '../core/sweep.ts';
import { Timeline } from '../core/timeline.ts';
import type { CheckResult, Prober } from '../layers/balance/health-checks.ts';
import { timeoutsLayer } from '../layers/timeouts/timeouts.ts';
import { reach } from '../transport/reach.ts';
import type { Connector } from '../transport/connector.ts';
import type { HealthCheck } from './config/settings.ts';
import { dialectTable } from './dialect-table.ts';

/** One endpoint and how it is looked at. */
export interface CheckedEndpoint {
  readonly endpoint: Endpoint;
  readonly check: HealthCheck;
}

/** What a prober is given. */
export interface ProberDeps {
  readonly clock: Clock;
  readonly sweep: Sweep;
  readonly connector: Connector;
  /** Ends the stack of a look at a path. */
  readonly wire: Service;
}

/** A service that is well answers a look at once; what takes longer would fail calls as well. */
const LOOK_MS = 5_000;

const lookFields = HeaderList.of([
  ['accept', '*/*'],
  ['user-agent', 'holdfast-health-check'],
]);

const lookLimits: PhaseLimits = {
  queueMs: LOOK_MS,
  connectMs: LOOK_MS,
  tlsMs: LOOK_MS,
  uploadMs: LOOK_MS,
  firstByteMs: LOOK_MS,
  byteIdleMs: LOOK_MS,
  byteIdleAfterPingMs: LOOK_MS,
  progressIdleMs: LOOK_MS,
  totalMs: LOOK_MS,
  writeStallMs: LOOK_MS,
};

/** Makes the looks. Each ends within five seconds by itself, and all of them by `close`. */
export class EndpointProber implements Prober {
  readonly #deps: ProberDeps;
  readonly #wire: Service;
  /** The scope of every look. */
  readonly #scope: Cancellation = new Cancellation();
  #endpoints: ReadonlyMap<string, CheckedEndpoint> = new Map();
  #looks: number = 0;

  constructor(deps: ProberDeps) {
    this.#deps = deps;
    this.#wire = stack([timeoutsLayer({ sweep: deps.sweep })], deps.wire);
  }

  /** Puts the endpoints of a configuration in force, by key. */
  use(endpoints: ReadonlyMap<string, CheckedEndpoint>): void {
    this.#endpoints = endpoints;
  }

  /** Whether looking at this endpoint is wanted. */
  looksAt(endpointKey: string): boolean {
    return (this.#endpoints.get(endpointKey)?.check ?? 'none') !== 'none';
  }

  /** Looks under way find nothing, at once; so do all later ones, without looking. */
  close(): void {
    this.#scope.cancel(new CallError('DRAINING'));
  }

  async probe(endpointKey: string): Promise<CheckResult> {
    const checked = this.#endpoints.get(endpointKey);
    if (checked === undefined || checked.check === 'none') return 'nothing';
    if (this.#scope.reason !== undefined) return 'nothing';
    const { endpoint, check } = checked;
    if (check !== 'connect') return (await this.#asks(endpoint, check)) ? 'answers' : 'nothing';
    const { clock, connector } = this.#deps;
    const patience = { clock, limitMs: LOOK_MS, cancellation: this.#scope };
    return (await reach(connector, endpoint, patience)) ? 'connects' : 'nothing';
  }

  /** Whether a GET of this path is answered below 400, to its end. */
  #asks(endpoint: Endpoint, path: string): Promise<boolean> {
    const now = this.#deps.clock.now();
    this.#looks += 1;
    const call = {
      id: `look-${this.#looks}`,
      method: 'GET',
      path,
      headers: lookFields,
      body: ReplayBody.none(),
      route: {
        name: 'health-check',
        upstream: 'health-check',
        kind: 'other' as const,
        dialect: dialectTable.plain,
        credential: undefined,
        conversion: undefined,
        targets: [],
        endpoints: [endpoint],
        limits: lookLimits,
        replay: 'strict' as const,
        lenient: false,
        replayBytesMax: 0,
      },
      caller: anonymousCaller,
      fingerprint: '',
      deadline: now + LOOK_MS,
      cancellation: this.#scope,
      timeline: new Timeline(now),
      attempt: 1,
      replays: undefined,
    };
    return new Promise((resolve) => this.#wire(call, lookSink(resolve)));
  }
}

function lookSink(resolve: (well: boolean) => void): Sink {
  let well = false;
  return {
    interim() {},
    start({ status }) {
      well = status < 400;
    },
    chunk() {},
    end: () => resolve(well),
    fail: () => resolve(false),
  };
}
