// Enforces the limits of each phase on the wire, by one sweep over the active calls instead of
// timers per call. Decides nothing itself: phase-limits.ts and adaptive-limit.ts do. A passed limit
// cancels the attempt; the transport answers with that reason, so there is one road out.
// Learns what first bytes take, from whole attempts at one endpoint and only while that place is
// its usual self: what comes in trouble says nothing about good days.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Layer } from '../../core/layer.ts';
import { kindOfStatus } from '../../core/outcome.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import { NEVER } from '../../core/timeline.ts';
import { adaptiveLimitMs } from './adaptive-limit.ts';
import type { FirstByteTimes } from './first-byte-times.ts';
import { defaultTimeoutsOptions } from './options.ts';
import type { TimeoutsOptions } from './options.ts';
import { overdue } from './phase-limits.ts';
import type { CallFacts } from './phase-limits.ts';

/** What the layer is given. */
export interface TimeoutsDeps {
  readonly sweep: Sweep;
  /** Where first-byte times are kept; without it nothing is learned. */
  readonly times?: FirstByteTimes;
  /** Whether the place of an attempt is trusted; taken for true where nobody knows. */
  readonly isClosed?: (attempt: Call) => boolean;
  /**
   * The fields of an attempt that has a deadline, with the time that is left in them. Asked here,
   * because this is the last layer that sees each attempt before it is sent.
   */
  readonly fieldsWithTimeLeft?: (attempt: Call) => HeaderList;
}

/** Times the wire of each attempt, to the precision of the sweep. */
export function timeoutsLayer(
  deps: TimeoutsDeps,
  options: TimeoutsOptions = defaultTimeoutsOptions,
): Layer {
  return {
    name: 'timeouts',
    wrap: (next) => (call, sink) => {
      const scope = new Cancellation(call.cancellation);
      const limitMs = firstByteLimitMs(call, deps, options);
      const watch = new TimeoutsSink(call, scope, sink, deps, limitMs);
      deps.sweep.add(watch);
      try {
        next(attemptUnder(call, scope, deps), watch);
      } catch (bug) {
        // A last word need not come any more; who stands above still reaches what runs below.
        deps.sweep.remove(watch);
        throw bug;
      }
    },
  };
}

function attemptUnder(call: Call, scope: Cancellation, deps: TimeoutsDeps): Call {
  if (call.deadline === Number.POSITIVE_INFINITY || deps.fieldsWithTimeLeft === undefined) {
    return attemptOf(call, call.attempt, scope);
  }
  return attemptOf(call, call.attempt, scope, { headers: deps.fieldsWithTimeLeft(call) });
}

/** The limit of this attempt: learned where its upstream asks for that, else that of its route. */
function firstByteLimitMs(
  call: Call,
  { times, isClosed }: TimeoutsDeps,
  { adaptive }: TimeoutsOptions,
): number {
  const { route } = call;
  const staticMs = route.limits.firstByteMs;
  const bounds = adaptive.size === 0 ? undefined : adaptive.get(route.upstream);
  if (bounds === undefined || times === undefined) return staticMs;
  if (route.kind === 'completion' && !bounds.completions) return staticMs;
  const place = placeOf(call);
  const window = place === undefined ? undefined : times.at(place, route.kind);
  if (window === undefined) return staticMs;
  // While the place is in trouble the last limit stands, however the window moves on.
  const p99 = isClosed?.(call) === false ? window.lastP99 : window.p99(times.clock.now());
  return adaptiveLimitMs(p99, bounds, staticMs);
}

/** The one endpoint an attempt goes to; with a choice below us nobody knows whose time it was. */
function placeOf({ route }: Call): string | undefined {
  return route.endpoints.length === 1 ? route.endpoints[0]?.key : undefined;
}

class TimeoutsSink implements Sink, Swept, CallFacts {
  sweepIndex: number = -1;
  readonly secure: boolean;
  /** To the precision of the sweep. */
  awaitedCallerAt: number = NEVER;
  readonly #call: Call;
  readonly #scope: Cancellation;
  readonly #sink: Sink;
  readonly #deps: TimeoutsDeps;
  readonly #firstByteMs: number;

  constructor(
    call: Call,
    scope: Cancellation,
    sink: Sink,
    deps: TimeoutsDeps,
    firstByteMs: number,
  ) {
    this.#call = call;
    this.#scope = scope;
    this.#sink = sink;
    this.#deps = deps;
    this.#firstByteMs = firstByteMs;
    this.secure = call.route.endpoints[0]?.secure === true;
  }

  sweep(now: number): void {
    const { timeline, route, body } = this.#call;
    if (body.awaitsCaller) this.awaitedCallerAt = now;
    const late = overdue(timeline, route.limits, this, now, this.#firstByteMs);
    if (late === undefined || this.#scope.reason !== undefined) return;
    let source = '';
    if (late.code === 'FIRST_BYTE_TIMEOUT') {
      // As a sample, or the percentile would forget its slow end and the limit close in on itself.
      this.#learn(late.limitMs, now);
      if (late.limitMs !== route.limits.firstByteMs) source = ', by what is usual there';
    }
    const detail = `${late.limitMs / 1000} s ${late.what}${source}.`;
    this.#scope.cancel(new CallError(late.code, { detail }));
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const { sentAt, firstByteAt } = this.#call.timeline;
    // An answer to half a request, or a refusal, tells nothing about the time that answers take.
    if (sentAt !== NEVER && firstByteAt >= sentAt && kindOfStatus(head.status) === 'ok') {
      this.#learn(firstByteAt - sentAt, firstByteAt);
    }
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.abandon();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.abandon();
    this.#sink.fail(error);
  }

  /** The attempt is over, or broken by a defect below. */
  abandon(): void {
    this.#deps.sweep.remove(this);
    this.#scope.detach();
  }

  #learn(ms: number, now: number): void {
    const { times, isClosed } = this.#deps;
    const place = placeOf(this.#call);
    if (times === undefined || place === undefined) return;
    if (isClosed?.(this.#call) === false) return;
    times.record(place, this.#call.route.kind, ms, now);
  }
}
