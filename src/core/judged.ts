// The one way to learn how an attempt went: a sink that passes everything on and tells a judge when
// the head came and when all was over. Twice, because a stream that began well can end badly.

import type { Call } from './call.ts';
import type { Clock } from './clock.ts';
import type { CallError } from './errors.ts';
import type { HeaderList } from './header-list.ts';
import { outcomeOfError, outcomeOfEvent, outcomeOfHead } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Flow, Head, Sink } from './sink.ts';

/** Hears what became of one attempt. */
export interface AttemptJudge {
  /** The final head came; `outcome` is what its status says. At most once. */
  answered(head: Head, outcome: Outcome): void;
  /** The last byte or the failure; exactly once, before it is passed on. */
  over(outcome: Outcome): void;
}

/** A sink for one attempt of `call` that passes everything to `sink` and reports to `judge`. */
export function judged(call: Call, sink: Sink, clock: Clock, judge: AttemptJudge): Sink {
  return new JudgedSink(call, sink, clock, judge);
}

class JudgedSink implements Sink {
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #clock: Clock;
  readonly #judge: AttemptJudge;
  #byHead: Outcome | undefined = undefined;

  constructor(call: Call, sink: Sink, clock: Clock, judge: AttemptJudge) {
    this.#call = call;
    this.#sink = sink;
    this.#clock = clock;
    this.#judge = judge;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const { silentRefusal } = this.#call.route.dialect;
    // Only refusals name times.
    const wallNow = head.status < 400 ? 0 : this.#clock.wallNow();
    const outcome = outcomeOfHead(head, wallNow, silentRefusal);
    this.#byHead = outcome;
    this.#judge.answered(head, outcome);
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#judge.over(this.#shown() as Outcome);
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    const byError = outcomeOfError(error, this.#call.route.dialect.silentRefusal);
    // Whoever cut the attempt short may have done so because of what it had shown already, and what
    // was made a failure for its words means what these say.
    const isBySaid = byError.kind === 'ignored' || error.code === 'REPORTED_FAILURE';
    const shown = isBySaid ? this.#shown() : undefined;
    this.#judge.over(shown === undefined || shown.kind === 'ok' ? byError : shown);
    this.#sink.fail(error);
  }

  /** What has been seen of the answer so far: an error event outweighs its status. */
  #shown(): Outcome | undefined {
    const type = this.#call.timeline.progress?.errorType;
    return type === undefined ? this.#byHead : outcomeOfEvent(type);
  }
}
