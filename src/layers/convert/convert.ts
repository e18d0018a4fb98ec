// Puts a call in the words of the target it is sent to, attempt by attempt, because the next target
// may speak another format. Needs the whole body; until that is here it waits, and the edge is the
// one who limits the wait. Targets that take calls as they are pass without a trace of this layer.
// Invariant: what lies outside hears an answer in the caller's format and its progress; what lies
// inside reads the upstream's own.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import type { Conversion } from '../../core/conversion.ts';
import { CallError } from '../../core/errors.ts';
import { HeadEditSink, setting } from '../../core/head-edit-sink.ts';
import type { Layer, Service } from '../../core/layer.ts';
import { ReplayBody } from '../../core/replay-body.ts';
import type { BodyReader } from '../../core/replay-body.ts';
import type { Sink } from '../../core/sink.ts';
import { ConvertingSink } from './converting-sink.ts';

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

/** The layer. */
export function convertLayer(observer: ConvertObserver = silentConvertObserver): Layer {
  return {
    name: 'convert',
    wrap: (next) => (call, sink) => {
      const { conversion } = call.route;
      if (conversion === undefined) next(call, sink);
      else new Attempt(call, sink, conversion, next, observer).start();
    },
  };
}

/** One attempt, from the wait for its body until it is passed on. */
class Attempt implements BodyReader, CancelListener {
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #conversion: Conversion;
  readonly #next: Service;
  readonly #observer: ConvertObserver;
  readonly #parts: Uint8Array[] = [];
  #over: boolean = false;

  constructor(
    call: Call,
    sink: Sink,
    conversion: Conversion,
    next: Service,
    observer: ConvertObserver,
  ) {
    this.#call = call;
    this.#sink = sink;
    this.#conversion = conversion;
    this.#next = next;
    this.#observer = observer;
  }

  start(): void {
    const { body, cancellation } = this.#call;
    cancellation.listen(this);
    if (!this.#over) body.open(this);
  }

  bodyBytes(bytes: Uint8Array): boolean {
    this.#parts.push(bytes);
    return true;
  }

  bodyEnd(): void {
    if (!this.#leave()) return;
    const [first = new Uint8Array(), ...rest] = this.#parts;
    this.#send(rest.length === 0 ? first : Buffer.concat(this.#parts));
  }

  bodyFailed(error: CallError): void {
    if (this.#leave()) this.#sink.fail(error);
  }

  cancelled(reason: CallError): void {
    if (!this.#leave()) return;
    this.#call.body.close(this);
    this.#sink.fail(reason);
  }

  /** Ends the wait; answers `false` when it was over. */
  #leave(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#call.cancellation.unlisten(this);
    return true;
  }

  #send(body: Uint8Array): void {
    const call = this.#call;
    const { upstream } = call.route;
    const converted = this.#conversion.request(call, body);
    if (converted instanceof CallError) {
      this.#observer.refused(upstream);
      this.#sink.fail(converted);
      return;
    }
    const { path, headers, dropped, counted, answer } = converted;
    if (counted.length > 0) this.#observer.dropped(upstream, counted);
    const own = { path, headers, body: ReplayBody.from(converted.body) };
    const attempt = attemptOf(call, call.attempt, call.cancellation, own);
    const sink =
      dropped.length === 0
        ? this.#sink
        : new HeadEditSink(this.#sink, setting(DROPPED_FIELD, dropped.join(', ')));
    const back = answer === undefined ? sink : new ConvertingSink(call.timeline, sink, answer);
    this.#next(attempt, back);
  }
}
