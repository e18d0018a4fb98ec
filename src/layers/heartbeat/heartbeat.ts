// Lets callers hear from us while they wait: between two events of a silent stream, and, if their
// route allows it, before there is any answer. Outside all waiting, so that queued and retried
// callers hear it too. One sweep over the running answers; no timer, no clock read per chunk.
// Invariants: bytes of ours stand only where the bytes passed so far end an event, never go into a
// full socket, and never for an upstream beyond its own limits. What does not fit a head that we
// have sent ends as a failure, never cleanly.

import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Layer } from '../../core/layer.ts';
import { freeFlow } from '../../core/sink.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import { Form, formOf, isAlive } from './answer-form.ts';
import { ByteOrderMark } from './byte-order-mark.ts';
import { earlyHead } from './early-head.ts';
import { silentHeartbeats } from './observer.ts';
import type { HeartbeatObserver } from './observer.ts';
import type { HeartbeatOptions } from './options.ts';
import { Refusal, refusalEvents } from './refusal.ts';

/** What the layer is given. */
export interface HeartbeatDeps {
  /** For the Date of heads of our own. */
  readonly clock: Clock;
  readonly sweep: Sweep;
  /** Whether the caller waits for an event stream; asked at most once, and only of silent calls. */
  readonly wantsStream: (call: Call) => boolean;
  readonly observer?: HeartbeatObserver;
}

/** What all calls of one layer share. */
interface Shared extends HeartbeatDeps, HeartbeatOptions {
  readonly observer: HeartbeatObserver;
}

/** Keeps callers of one route alive. With `everyMs: Infinity` it is not there at all. */
export function heartbeatLayer(deps: HeartbeatDeps, options: HeartbeatOptions): Layer {
  const shared: Shared = { observer: silentHeartbeats, ...deps, ...options };
  const { sweep, everyMs, commitAfterMs } = shared;
  const commits = commitAfterMs < Infinity;
  return {
    name: 'heartbeat',
    wrap(next) {
      if (everyMs === Infinity) return next;
      return (call, sink) => {
        const beats = new HeartbeatSink(call, sink, shared);
        if (commits && call.method !== 'HEAD') sweep.add(beats);
        next(call, beats);
      };
    },
  };
}

/** Nothing has come of the answer yet. */
const nothingYet = new Progress();

/** In place of the time at which the caller got bytes, until the next sweep. */
const JUST_NOW = -1;

// How far the answer is, as its caller sees it.
const WAITING = 0; // no head
const EARLY = 1; // our head, no answer
const PASSING = 2; // the answer's head, its own or in place of ours

class HeartbeatSink implements Sink, Flow, Swept {
  sweepIndex: number = -1;
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #shared: Shared;
  #flow: Flow = freeFlow;
  #refusal: Refusal | undefined = undefined;
  #mark: ByteOrderMark | undefined = undefined;
  /**
   * When the caller last got bytes, to the precision of the sweep, which writes it where it finds
   * `JUST_NOW`. In whole ms, so that no number need be allocated.
   */
  #since: number = JUST_NOW;
  #phase: number = WAITING;
  #form: number = Form.none;
  /** The caller's socket is full. */
  #held: boolean = false;
  /** Bytes of the answer were passed on. */
  #begun: boolean = false;
  /** They end an event. */
  #atBoundary: boolean = true;

  constructor(call: Call, sink: Sink, shared: Shared) {
    this.#call = call;
    this.#sink = sink;
    this.#shared = shared;
  }

  sweep(now: number): void {
    // Who is still sending is not waiting.
    const sends = this.#phase === WAITING && !this.#call.body.complete;
    if (this.#since === JUST_NOW || sends) {
      this.#since = Math.ceil(now);
      return;
    }
    const silentMs = now - this.#since;
    if (this.#phase !== WAITING) {
      if (silentMs >= this.#shared.everyMs) this.#beat(now);
    } else if (silentMs >= this.#shared.commitAfterMs) this.#commit(now);
  }

  pause(): void {
    this.#held = true;
    this.#flow.pause();
  }

  resume(): void {
    this.#held = false;
    // What was waiting has reached the caller just now.
    this.#since = JUST_NOW;
    this.#flow.resume();
  }

  interim(head: Head): void {
    if (this.#phase !== WAITING) return;
    this.#since = JUST_NOW;
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    if (this.#phase === EARLY) {
      this.#answered(head, flow);
      return;
    }
    this.#phase = PASSING;
    const form = this.#mayEnter(head) ? formOf(head) : Form.none;
    if (!this.#isSpoken(form)) {
      this.#leave();
      this.#sink.start(head, flow);
      return;
    }
    this.#form = form;
    this.#flow = flow;
    this.#since = JUST_NOW;
    if (this.sweepIndex < 0) this.#shared.sweep.add(this);
    this.#sink.start(head, this);
  }

  chunk(bytes: Uint8Array): void {
    if (this.#refusal !== undefined) {
      if (!this.#refusal.take(bytes)) this.#giveUp();
      return;
    }
    this.#since = JUST_NOW;
    this.#begun = true;
    // Read here and not when it is needed: layers below may hold back what was scanned already.
    const { progress } = this.#call.timeline;
    if (progress !== undefined) this.#atBoundary = progress.atBoundary;
    if (this.#mark === undefined) this.#sink.chunk(bytes);
    else this.#passMark(this.#mark, bytes);
  }

  end(trailers?: HeaderList): void {
    this.#leave();
    if (this.#refusal !== undefined) {
      this.#refuse(this.#refusal.error, this.#refusal.text);
      return;
    }
    const withheld = this.#mark?.withheld;
    if (withheld !== undefined && withheld.length > 0) this.#sink.chunk(withheld);
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#leave();
    if (this.#phase !== EARLY) this.#sink.fail(error);
    else if (isGone(error)) this.#refuse(error, '');
    else this.#refuse(this.#refusal?.error ?? error, '');
  }

  /** An answer came after a head of ours. */
  #answered(head: Head, flow: Flow): void {
    const { body, timeline } = this.#call;
    // The edge could not tell that our head was no commitment of the upstream; this one is.
    body.commit();
    this.#flow = flow;
    if (this.#held) flow.pause();
    const { progress } = timeline;
    // Without a scanner nobody could tell where events end, and nobody would see a cut.
    const isRead = progress !== undefined || this.#form === Form.json;
    if (isRead && formOf(head) === this.#form) {
      this.#phase = PASSING;
      return;
    }
    this.#refusal = new Refusal(head);
    if (!this.#refusal.readable) this.#giveUp();
  }

  /** Ends an answer of which nothing can be passed on; the failure comes back to us. */
  #giveUp(): void {
    this.#call.cancellation.cancel(new CallError('SUPERSEDED'));
  }

  /** Tells in the stream, if it can be told there, why nothing will come of it. */
  #refuse(error: CallError, text: string): void {
    const { route, id, timeline } = this.#call;
    const { progress } = timeline;
    if (this.#form === Form.events && !this.#held && !isGone(error)) {
      // The edge speaks by itself where it has the progress of an answer to go by.
      const edgeSpeaks =
        progress?.atBoundary === true && route.dialect.inStreamError(error, progress) !== undefined;
      const words = edgeSpeaks ? undefined : refusalEvents(route.dialect, error, id, text);
      if (words !== undefined) this.#sink.chunk(Buffer.from(words));
    }
    this.#sink.fail(error);
  }

  /** Answers of this head may take bytes of ours: length and end are open, and it is scanned. */
  #mayEnter(head: Head): boolean {
    const isOpen = head.framing === 'chunked' || head.framing === 'until-close';
    return isOpen && this.#call.timeline.progress !== undefined;
  }

  /** There are words of ours for this form. */
  #isSpoken(form: number): boolean {
    if (form === Form.lines) return this.#shared.ndjsonBlankLines;
    if (form === Form.json) return this.#shared.jsonWhitespace;
    if (form === Form.none) return false;
    return this.#call.route.dialect.heartbeat(nothingYet, false) !== undefined;
  }

  /** Gives the caller a head, since nobody else did. */
  #commit(now: number): void {
    const call = this.#call;
    const shared = this.#shared;
    const form = shared.wantsStream(call) ? Form.events : Form.json;
    if (!this.#isSpoken(form) || (form === Form.json && call.route.kind !== 'completion')) {
      this.#leave();
      return;
    }
    this.#form = form;
    this.#phase = EARLY;
    shared.observer.committed(call.route.name);
    this.#sink.start(earlyHead(form, shared.clock.wallNow()), this);
    // The caller may have left at that very moment.
    if (this.sweepIndex >= 0) this.#beat(now);
  }

  #beat(now: number): void {
    if (this.#held || !this.#atBoundary) return;
    const call = this.#call;
    if (this.#phase === PASSING && !isAlive(call, now)) return;
    const words = this.#words();
    if (words === undefined) return;
    this.#since = Math.ceil(now);
    if (!this.#begun && this.#form === Form.events) this.#mark ??= new ByteOrderMark();
    this.#shared.observer.sent(call.route.dialect.name);
    this.#sink.chunk(Buffer.from(words));
  }

  #words(): string | undefined {
    if (this.#form === Form.lines) return '\n';
    if (this.#form === Form.json) return this.#begun ? undefined : ' ';
    const { progress = nothingYet } = this.#phase === PASSING ? this.#call.timeline : {};
    const started = this.#begun && (progress.contentEvents > 0 || progress.messageId !== undefined);
    const words = this.#call.route.dialect.heartbeat(progress, started);
    if (words === undefined) return undefined;
    const short = this.#shared.padBytes - words.length;
    // A comment of its own; `:` and the line end are two bytes of it.
    return short <= 0 ? words : `:${' '.repeat(Math.max(0, short - 2))}\n${words}`;
  }

  #passMark(mark: ByteOrderMark, bytes: Uint8Array): void {
    const taken = mark.take(bytes);
    if (!mark.done) return;
    this.#mark = undefined;
    if (mark.withheld.length > 0) this.#sink.chunk(mark.withheld);
    // The caller may have left at that very moment.
    const isOver = this.sweepIndex < 0;
    if (taken < bytes.length && !isOver) this.#sink.chunk(bytes.subarray(taken));
  }

  #leave(): void {
    this.#shared.sweep.remove(this);
  }
}

/** There is nobody left to tell. */
function isGone(error: CallError): boolean {
  return error.code === 'CALLER_GONE' || error.code === 'CALLER_STALLED';
}
