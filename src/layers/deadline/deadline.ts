// Knows until when the caller waits and ends the call then. Everything that can wait lies inside.
// Limits for the whole call become `call.deadline` and hold to the last byte, because the caller
// itself has said so. A limit that only runs to the head (SDK timers) ends with the head: a stream
// that is producing is not cut by it.
// A passed limit cancels an inner scope; whoever works or waits below answers with that reason, so
// there is one road out. Calls without a limit pass through without a sink.

import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Layer, Service } from '../../core/layer.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import type { LatencyView } from '../../core/target.ts';
import { readLimits } from './caller-limits.ts';
import type { CallerLimits } from './caller-limits.ts';
import { silentDeadlineObserver } from './deadline-observer.ts';
import type { DeadlineObserver } from './deadline-observer.ts';
import { defaultDeadlineOptions } from './options.ts';
import type { DeadlineOptions } from './options.ts';
import { RefusalShare } from './refusal-share.ts';

/** What the layer is given. */
export interface DeadlineDeps {
  readonly clock: Clock;
  readonly sweep: Sweep;
  /** Without it no call is refused by estimate. */
  readonly latency?: LatencyView;
  readonly observer?: DeadlineObserver;
}

/** Longest part of a caller's value that an error repeats. */
const QUOTED_LENGTH_MAX = 40;

/** Enforces what callers say about how long they wait, to the precision of the sweep. */
export function deadlineLayer(
  deps: DeadlineDeps,
  options: DeadlineOptions = defaultDeadlineOptions,
): Layer {
  return {
    name: 'deadline',
    wrap: (next) => {
      const gate = new DeadlineGate(deps, options, next);
      return (call, sink) => {
        const limits = readLimits(call.headers);
        if (limits === undefined && call.deadline === Number.POSITIVE_INFINITY) next(call, sink);
        else gate.take(call, sink, limits);
      };
    },
  };
}

/** The calls of one stack that carry a limit. */
class DeadlineGate {
  readonly #deps: DeadlineDeps;
  readonly #observer: DeadlineObserver;
  readonly #options: DeadlineOptions;
  readonly #next: Service;
  readonly #share: RefusalShare;

  constructor(deps: DeadlineDeps, options: DeadlineOptions, next: Service) {
    this.#deps = deps;
    this.#observer = deps.observer ?? silentDeadlineObserver;
    this.#options = options;
    this.#next = next;
    this.#share = new RefusalShare(options.refusedShareMax, options.refusedWindowMs);
  }

  take(call: Call, sink: Sink, limits: CallerLimits | undefined): void {
    if (limits !== undefined) {
      for (const field of limits.ignored ?? []) this.#observer.fieldIgnored(field);
      if (limits.malformed !== undefined) {
        this.#observer.refused('malformed');
        sink.fail(malformed(limits.malformed));
        return;
      }
    }
    const term = new Term(call, limits);
    if (term.headAt === Number.POSITIVE_INFINITY) {
      this.#next(call, sink);
      return;
    }
    const refusal = this.#refusal(call, term);
    if (refusal === undefined) this.#run(call, sink, term);
    else sink.fail(refusal);
  }

  #run(call: Call, sink: Sink, term: Term): void {
    const scope = new Cancellation(call.cancellation);
    const watch = new DeadlineSink(scope, sink, term, this.#deps.sweep, this.#observer);
    this.#deps.sweep.add(watch);
    this.#next(within(call, term.callAt, scope), watch);
  }

  /**
   * What is over already is always refused: the sweep would end it in a moment, after it has cost
   * something. What is only likely to be late is refused within a share.
   */
  #refusal(call: Call, term: Term): CallError | undefined {
    const now = this.#deps.clock.now();
    this.#share.count(now);
    const leftMs = term.headAt - now;
    if (leftMs <= 0) {
      this.#observer.refused('over');
      return new CallError('DEADLINE_EXCEEDED', { phase: 'admit', detail: term.sentence(true) });
    }
    const usualMs = this.#deps.latency?.firstByteP50(call.route);
    if (usualMs === undefined || leftMs >= usualMs * this.#options.usualShareMin) return undefined;
    if (!this.#share.take(now)) {
      this.#observer.spared();
      return undefined;
    }
    this.#observer.refused('hopeless');
    const left = `${Math.ceil(leftMs)} ms are left, and answers usually begin after`;
    const detail = `${left} ${Math.round(usualMs)} ms.`;
    // The same limit would meet the same answer.
    return new CallError('DEADLINE_EXCEEDED', { phase: 'admit', detail, shouldRetry: false });
  }
}

/** Until when one caller waits, in monotonic ms; `headAt` is never after `callAt`. */
class Term {
  readonly callAt: number;
  readonly headAt: number;
  readonly #startedAt: number;
  readonly #limits: CallerLimits | undefined;

  constructor(call: Call, limits: CallerLimits | undefined) {
    const { startedAt } = call.timeline;
    this.#startedAt = startedAt;
    this.#limits = limits;
    this.callAt = Math.min(call.deadline, startedAt + (limits?.callMs ?? Number.POSITIVE_INFINITY));
    this.headAt = Math.min(this.callAt, startedAt + (limits?.headMs ?? Number.POSITIVE_INFINITY));
  }

  /** Who set the limit that strikes before the head, or after it. */
  sentence(beforeHead: boolean): string {
    const at = beforeHead ? this.headAt : this.callAt;
    const byHead = at < this.callAt;
    const field = byHead ? this.#limits?.headBy : this.#limits?.callBy;
    const seconds = Math.round(at - this.#startedAt) / 1000;
    const part = byHead ? ' to the head of the answer' : '';
    return `${field ?? 'Its deadline'} gave it ${seconds} s${part}.`;
  }
}

class DeadlineSink implements Sink, Swept {
  sweepIndex: number = -1;
  readonly #scope: Cancellation;
  readonly #sink: Sink;
  /** Gone when it has nothing more to say: a stream may rest for long. */
  #term: Term | undefined;
  readonly #sweep: Sweep;
  readonly #observer: DeadlineObserver;
  #hasHead: boolean = false;
  #isOver: boolean = false;

  constructor(
    scope: Cancellation,
    sink: Sink,
    term: Term,
    sweep: Sweep,
    observer: DeadlineObserver,
  ) {
    this.#scope = scope;
    this.#sink = sink;
    this.#term = term;
    this.#sweep = sweep;
    this.#observer = observer;
  }

  sweep(now: number): void {
    const before = !this.#hasHead;
    const term = this.#term;
    if (term === undefined || now < (before ? term.headAt : term.callAt)) return;
    const phase = before ? 'wait' : 'stream';
    const detail = term.sentence(before);
    const reason = new CallError('DEADLINE_EXCEEDED', { phase, detail });
    this.#observer.cut(phase);
    this.#scope.cancel(reason);
    if (this.#isOver) return;
    // Told to stop, somebody below had an answer at hand, and only the head was late.
    if (this.#hasHead && now < term.callAt) return;
    // Nobody answered. The caller must not wait for a layer that does not listen.
    this.fail(reason);
  }

  interim(head: Head): void {
    if (!this.#isOver) this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    if (this.#isOver) return;
    this.#hasHead = true;
    if (this.#term?.callAt === Number.POSITIVE_INFINITY) {
      this.#term = undefined;
      this.#sweep.remove(this);
    }
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    if (!this.#isOver) this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    if (this.#isOver) return;
    this.#leave();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    if (this.#isOver) return;
    this.#leave();
    this.#sink.fail(error);
  }

  #leave(): void {
    this.#isOver = true;
    this.#sweep.remove(this);
    this.#scope.detach();
  }
}

/** A copy that ends by `deadline`. The order of its members is that of every call: one shape. */
function within(call: Call, deadline: number, cancellation: Cancellation): Call {
  return {
    id: call.id,
    method: call.method,
    path: call.path,
    headers: call.headers,
    body: call.body,
    route: call.route,
    caller: call.caller,
    fingerprint: call.fingerprint,
    deadline,
    cancellation,
    timeline: call.timeline,
    attempt: call.attempt,
  };
}

function malformed(value: string): CallError {
  const said = JSON.stringify(value.slice(0, QUOTED_LENGTH_MAX));
  const detail = `x-deadline-ms is ${said}; send the milliseconds left, like 30000.`;
  return new CallError('BAD_REQUEST', { detail });
}
