// Finds out once what passing bytes mean, in the dialect of the call's upstream, and tells the
// truth about the end: a clean end without the terminal event becomes a failure, and bytes that
// would make a cut answer look whole are kept back.
// Innermost layer: timeouts, retry, breaker and observe read what it wrote into the timeline.
// Invariant: `end` passes only when the dialect's scanner judged the answer whole.

import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import type { HeadFault, Scanner } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Layer } from '../../core/layer.ts';
import { retryAfterMs } from '../../core/retry-after.ts';
import { freeFlow } from '../../core/sink.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';

/** What the layer is given. */
export interface MeaningDeps {
  readonly clock: Clock;
  readonly sweep: Sweep;
}

/**
 * How long a head may wait for its first body byte, in ms. An empty 200 is nearly always found
 * within the same packet or the next; holding the head this long turns it into a real status.
 */
export const HOLD_HEAD_MS = 1_000;

/**
 * How much of an answer that is none is read to its end, in bytes, so that its connection can serve
 * again. It has as long for that as a head may wait.
 */
export const DROPPED_BYTES_MAX = 65_536;

/** The innermost layer. */
export function meaningLayer(deps: MeaningDeps): Layer {
  return {
    name: 'meaning',
    wrap: (next) => (call, sink) => next(call, new MeaningSink(call, sink, deps)),
  };
}

class MeaningSink implements Sink, Swept {
  sweepIndex: number = -1;
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #deps: MeaningDeps;
  #scanner: Scanner | undefined = undefined;
  #heldHead: Head | undefined = undefined;
  #flow: Flow = freeFlow;
  #holdUntil: number = 0;
  #contentSeen: number = 0;
  /** Body bytes that are still to come, -1 when no length was said. */
  #bytesLeft: number = -1;
  #judged: boolean = false;
  /** The answer is none: what comes of it is dropped, and this is said at its end. */
  #fault: CallError | undefined = undefined;
  #droppedBytes: number = 0;

  constructor(call: Call, sink: Sink, deps: MeaningDeps) {
    this.#call = call;
    this.#sink = sink;
    this.#deps = deps;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const { route, timeline, method } = this.#call;
    const strict = route.kind === 'completion' && !route.lenient;
    const fault = route.dialect.judgeHead?.(head, method, strict);
    if (fault !== undefined) {
      this.#refuse(fault, head);
      return;
    }
    if (method !== 'HEAD') this.#scanner = route.dialect.scannerFor(head, route.lenient);
    if (this.#scanner === undefined) {
      this.#sink.start(head, flow);
      return;
    }
    timeline.progress = this.#scanner.progress;
    if (head.framing === 'length') this.#bytesLeft = head.contentLength;
    this.#heldHead = head;
    this.#flow = flow;
    this.#watch();
  }

  chunk(bytes: Uint8Array): void {
    if (this.#fault !== undefined) {
      this.#drop(bytes.length, this.#fault);
      return;
    }
    const { timeline } = this.#call;
    const scanner = this.#scanner;
    if (scanner === undefined) {
      timeline.lastProgressAt = timeline.lastByteAt;
    } else {
      const { progress } = scanner;
      const { atBoundary } = progress;
      scanner.scan(bytes, 0, bytes.length);
      if (this.#bytesLeft >= 0) this.#bytesLeft -= bytes.length;
      if ((this.#bytesLeft === 0 || progress.falseEnd) && this.#isCut(scanner)) {
        // The caller has what came before these bytes, and stands where they began.
        progress.atBoundary = atBoundary;
        return;
      }
      if (this.#heldHead !== undefined) this.#letHeadGo();
      const { contentEvents } = progress;
      if (contentEvents !== this.#contentSeen) {
        this.#contentSeen = contentEvents;
        timeline.lastProgressAt = timeline.lastByteAt;
      }
    }
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    const scanner = this.#scanner;
    if (!this.#judged && scanner !== undefined) this.#isCut(scanner);
    if (this.#fault !== undefined) {
      this.fail(this.#fault);
      return;
    }
    if (this.#heldHead !== undefined) this.#letHeadGo();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#dropHead();
    // A break in an answer that is none tells less than its head did.
    const known = error.origin === 'upstream' ? this.#fault : undefined;
    this.#sink.fail(known ?? error);
  }

  sweep(now: number): void {
    if (now < this.#holdUntil) return;
    if (this.#fault === undefined) this.#letHeadGo();
    else this.#call.cancellation.cancel(this.#fault);
  }

  /**
   * Judges the answer as one that is over. A caller would take the last byte of a length that was
   * said, or a closing event, for the proof that all is there: so they wait for this.
   */
  #isCut(scanner: Scanner): boolean {
    this.#judged = true;
    const verdict = scanner.finish();
    if (verdict === undefined) return false;
    this.#dropHead();
    const { fault } = scanner;
    this.#fault = fault === undefined ? new CallError(verdict) : new CallError(fault.code, fault);
    this.#watch();
    return true;
  }

  #refuse(fault: HeadFault, head: Head): void {
    const waitMs = retryAfterMs(head.headers, this.#deps.clock.wallNow());
    const told = waitMs > 0 ? { ...fault, retryAfterMs: waitMs } : fault;
    this.#fault = new CallError(fault.code, told);
    this.#watch();
  }

  #drop(bytes: number, fault: CallError): void {
    this.#droppedBytes += bytes;
    if (this.#droppedBytes > DROPPED_BYTES_MAX) this.#call.cancellation.cancel(fault);
  }

  #watch(): void {
    // That byte was the last of the head.
    this.#holdUntil = this.#call.timeline.lastByteAt + HOLD_HEAD_MS;
    this.#deps.sweep.add(this);
  }

  #letHeadGo(): void {
    const head = this.#heldHead;
    this.#dropHead();
    if (head !== undefined) this.#sink.start(head, this.#flow);
  }

  #dropHead(): void {
    this.#heldHead = undefined;
    this.#deps.sweep.remove(this);
  }
}
