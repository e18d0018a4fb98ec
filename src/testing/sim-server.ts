// The simulated services on a port of their own, with faults laid over them: planned answers of the
// simulator, played by the misbehaving upstream. `holdfast sim` and integration tests run it.
// Owns its listener. Invariant: memory is bounded however long it runs; without rules every answer
// is exactly what the simulator planned.

import type { Clock } from '../core/clock.ts';
import { systemClock } from '../core/clock.ts';
import { HeaderList } from '../core/header-list.ts';
import type { Random } from '../core/random.ts';
import { seededRandom, systemRandom } from '../core/random.ts';
import { simulatedProviders } from '../simulator/standalone.ts';
import type { SimulatedService } from '../simulator/simulated-service.ts';
import type { FaultRule } from './fault-spec.ts';
import type { Behaviour, ConnectionBehaviour, Step } from './misbehaving-upstream/behaviour.ts';
import type { UpstreamOptions } from './misbehaving-upstream/misbehaving-upstream.ts';
import { MisbehavingUpstream } from './misbehaving-upstream/misbehaving-upstream.ts';
import type { Seen, SeenRequest } from './misbehaving-upstream/seen.ts';

/** How a simulated service listens and errs. */
export interface SimServerOptions extends Pick<
  UpstreamOptions,
  'port' | 'host' | 'tls' | 'idHeader' | 'idle'
> {
  /** Laid over each other in this order. */
  readonly faults?: readonly FaultRule[];
  /** The same seed gives the same answers and strikes the same requests. Default: by chance. */
  readonly seed?: number;
  readonly clock?: Clock;
  /** Who answers. Default: the simulated providers of models. */
  readonly service?: SimulatedService;
  /** Speeds all pauses of the plans up by this factor. Default 1. */
  readonly speed?: number;
}

/** What a simulated service has seen and done. */
export interface SimReport {
  readonly connections: number;
  readonly open: number;
  /** Who closed the connections that are closed. */
  readonly closed: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly executed: number;
  readonly answered: number;
  /** Requests whose caller left before the answer was complete. */
  readonly aborted: number;
  /** How often each rule has struck. */
  readonly struck: readonly { readonly spec: string; readonly times: number }[];
}

/** Requests and connections kept for inspection; the counts go on. */
const KEEP_RECORDS = 1_000;
/** The largest body a plan may read; beyond it the simulator sees broken JSON and refuses. */
const KEEP_BODY_BYTES = 64 * 1024 * 1024;

/** A simulated service. Ends by `close`. */
export class SimServer {
  readonly #upstream: MisbehavingUpstream;
  readonly #faults: readonly FaultRule[];

  private constructor(upstream: MisbehavingUpstream, faults: readonly FaultRule[]) {
    this.#upstream = upstream;
    this.#faults = faults;
  }

  /** Starts a simulated service. */
  static async listen(options: SimServerOptions = {}): Promise<SimServer> {
    const { faults = [], seed, service = simulatedProviders, speed = 1, ...listening } = options;
    const clock = options.clock ?? systemClock;
    const chance = seed === undefined ? systemRandom : seededRandom(seed);
    // Apart from the plans, so that adding a rule does not change what is said.
    const luck = seed === undefined ? systemRandom : seededRandom(seed + 1);
    const script = (request: SeenRequest): Behaviour => {
      const wallNow = (): number => clock.wallNow();
      const base = plannedBehaviour(service, chance, wallNow, speed);
      return faults.reduce((laid, rule) => rule.overRequest(laid, request, luck, wallNow), base);
    };
    const connections = (): ConnectionBehaviour =>
      faults.reduce<ConnectionBehaviour>((laid, rule) => rule.overConnection(laid, luck), {});
    const upstream = await MisbehavingUpstream.listen(script, {
      ...listening,
      clock,
      connections,
      keep: { records: KEEP_RECORDS, bodyBytes: KEEP_BODY_BYTES, bodyUntilAnswered: true },
    });
    return new SimServer(upstream, faults);
  }

  get port(): number {
    return this.#upstream.port;
  }

  /** `http://127.0.0.1:port`, or https. */
  get url(): string {
    return this.#upstream.url;
  }

  /** The last requests and connections in detail. */
  get seen(): Seen {
    return this.#upstream.seen;
  }

  /** The upstream underneath, for tests that wait or close connections by hand. */
  get upstream(): MisbehavingUpstream {
    return this.#upstream;
  }

  report(): SimReport {
    const { seen } = this.#upstream;
    return {
      connections: seen.connectionCount,
      open: seen.open,
      closed: Object.fromEntries(seen.closedCounts),
      requests: seen.requestCount,
      executed: seen.executedCount,
      answered: seen.answeredCount,
      aborted: seen.abortedCount,
      struck: this.#faults.map(({ spec, struck }) => ({ spec, times: struck })),
    };
  }

  close(): Promise<void> {
    return this.#upstream.close();
  }
}

/** What the simulator would do with the request, including the faults its own text asks for. */
function plannedBehaviour(
  service: SimulatedService,
  random: Random,
  wallNow: () => number,
  speed: number,
): Behaviour {
  return {
    answer(request) {
      const { method, path, body } = request;
      const headers = HeaderList.of(request.headers);
      const plan = service.open({ method, path, headers, body }, random, wallNow());
      const { status, streamed } = plan;
      const pauses = new PlannedSteps(plan.steps, speed);
      return {
        status,
        streamed,
        headers: plan.headers,
        broken: plan.ending === 'cut',
        headAfterMs: pauses.headAfterMs,
        steps: pauses,
      };
    },
  };
}

/** The steps of a plan, the pause before the first one taken out for the head. Read once. */
class PlannedSteps implements Iterable<Step> {
  readonly headAfterMs: number;
  readonly #first: Step | undefined;
  readonly #rest: Iterator<Step>;
  readonly #speed: number;

  constructor(steps: Iterable<Step>, speed: number) {
    this.#rest = steps[Symbol.iterator]();
    this.#speed = speed;
    const first = this.#rest.next();
    this.#first = first.done === true ? undefined : first.value;
    this.headAfterMs = (this.#first?.afterMs ?? 0) / speed;
  }

  *[Symbol.iterator](): Generator<Step> {
    if (this.#first === undefined) return;
    yield { afterMs: 0, bytes: this.#first.bytes };
    for (let next = this.#rest.next(); next.done !== true; next = this.#rest.next()) {
      yield { afterMs: next.value.afterMs / this.#speed, bytes: next.value.bytes };
    }
  }
}
