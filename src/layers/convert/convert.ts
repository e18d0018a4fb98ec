// Puts a call in the words of the target it is sent to, attempt by attempt, because the next target
// may speak another format. Needs the whole body; until that is here it waits, and the edge is the
// one who limits the wait. Targets that take calls as they are pass without a trace of this layer.
// Invariant: what lies outside hears an answer in the caller's format and its progress; what lies
// inside reads the upstream's own.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import type { Clock } from '../../core/clock.ts';
import type { Conversion, PlainerConversion } from '../../core/conversion.ts';
import { CallError } from '../../core/errors.ts';
import { HeadEditSink, setting } from '../../core/head-edit-sink.ts';
import type { Layer, Service } from '../../core/layer.ts';
import { ReplayBody } from '../../core/replay-body.ts';
import type { BufferBudget } from '../../core/replay-body.ts';
import type { Sink } from '../../core/sink.ts';
import type { Sweep } from '../../core/sweep.ts';
import { readWhole } from '../../core/whole-request.ts';
import { ConvertedBodySink } from './converted-body-sink.ts';
import { ConvertingSink } from './converting-sink.ts';
import { RefusalSink, TakenSink } from './plainer-sinks.ts';
import type { Resender } from './plainer-sinks.ts';

/** Hears what could not be said. */
export interface ConvertObserver {
  /** Fields of a call that its upstream will not hear, in names of a closed list. */
  dropped(upstream: string, fields: readonly string[]): void;
  /** A call that cannot be put in the words of its upstream. */
  refused(upstream: string): void;
}

/** Names in an answer what its upstream was not told. */
export const DROPPED_FIELD = 'x-holdfast-dropped';

/** For who does not want to know. */
export const silentConvertObserver: ConvertObserver = Object.freeze({ dropped() {}, refused() {} });

/** What the layer is given. */
export interface ConvertDeps {
  readonly clock: Clock;
  readonly sweep: Sweep;
  /** What all bodies may keep together; converted ones are among them. */
  readonly bodies: BufferBudget;
  readonly observer?: ConvertObserver;
}

/** The layer. */
export function convertLayer(deps: ConvertDeps): Layer {
  return {
    name: 'convert',
    wrap: (next) => (call, sink) => {
      const { conversion } = call.route;
      if (conversion === undefined) {
        next(call, sink);
        return;
      }
      // Whoever began the call hears of a defect only if its body is here already.
      const isLate = !call.body.complete;
      const attempt = new Attempt(call, sink, deps, next, isLate);
      readWhole(call, sink, (body) => attempt.send(conversion, body, undefined));
    },
  };
}

/** One attempt, sent when its body is here; once more in plainer words if its upstream asks. */
class Attempt implements Resender {
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #deps: ConvertDeps;
  readonly #next: Service;
  #isLate: boolean;

  constructor(call: Call, sink: Sink, deps: ConvertDeps, next: Service, isLate: boolean) {
    this.#call = call;
    this.#sink = sink;
    this.#deps = deps;
    this.#next = next;
    this.#isLate = isLate;
  }

  /** `plainer` where the upstream has refused the usual words. */
  send(conversion: Conversion, body: Uint8Array, plainer: PlainerConversion | undefined): void {
    const call = this.#call;
    const { upstream } = call.route;
    const { observer = silentConvertObserver, sweep } = this.#deps;
    const converted = this.#converted(conversion, body);
    if (converted instanceof CallError) {
      observer.refused(upstream);
      this.#sink.fail(converted);
      return;
    }
    const { path, headers, dropped, counted, answer } = converted;
    // What was lost on the way is the same the second time.
    if (counted.length > 0 && plainer === undefined) observer.dropped(upstream, counted);
    const scope = new Cancellation(call.cancellation);
    const own = { path, headers, body: this.#kept(converted.body) };
    const attempt = attemptOf(call, call.attempt, scope, own);
    const told =
      dropped.length === 0
        ? this.#sink
        : new HeadEditSink(this.#sink, setting(DROPPED_FIELD, dropped.join(', ')));
    const back =
      answer === undefined
        ? undefined
        : new ConvertingSink({ call, scope, sweep, open: answer }, told);
    const front = this.#withWords(back ?? told, converted.plainer, plainer);
    const watch = new ConvertedBodySink(own.body, scope, front);
    try {
      this.#next(attempt, watch);
    } catch (bug) {
      const error = this.#isLate ? new CallError('BUG', { cause: bug }) : undefined;
      if (error !== undefined) call.cancellation.cancel(error);
      watch.abandon(error);
      back?.abandon();
      throw bug;
    }
  }

  resend(plainer: PlainerConversion): boolean {
    const call = this.#call;
    if (!call.body.replayable) return false;
    this.#isLate = true;
    readWhole(call, this.#sink, (body) => this.send(plainer, body, plainer));
    return true;
  }

  #withWords(
    sink: Sink,
    further: PlainerConversion | undefined,
    plainer: PlainerConversion | undefined,
  ): Sink {
    if (plainer !== undefined) return new TakenSink(plainer, sink);
    return further === undefined ? sink : new RefusalSink(further, this, sink);
  }

  /** A defect in a conversion ends this call here: nobody else would when its body came late. */
  #converted(conversion: Conversion, body: Uint8Array): ReturnType<Conversion['request']> {
    try {
      return conversion.request(this.#call, body);
    } catch (bug) {
      this.#deps.clock.nextTurn(() => {
        throw bug;
      });
      return new CallError('BUG', { cause: bug });
    }
  }

  /** Counted like every other body; one that finds no room is sent, but never twice. */
  #kept(bytes: Uint8Array): ReplayBody {
    const body = new ReplayBody(bytes.length, bytes.length, this.#deps.bodies, undefined);
    if (bytes.length > 0) body.push(bytes);
    body.finish();
    return body;
  }
}
