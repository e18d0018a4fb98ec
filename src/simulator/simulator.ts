// The service that ends a stack with a simulated upstream instead of a wire. It waits for the whole
// request, then plays the answer on the clock. Invariant: one timer or turn is pending at most, and
// no timer once the sink has had its last word or while it holds the answer back.

import { STATUS_CODES } from 'node:http';
import type { Call } from '../core/call.ts';
import type { CancelListener } from '../core/cancellation.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { CallError } from '../core/errors.ts';
import { HeaderList } from '../core/header-list.ts';
import type { Service } from '../core/layer.ts';
import type { Random } from '../core/random.ts';
import type { BodyReader } from '../core/replay-body.ts';
import type { Flow, Head, Sink } from '../core/sink.ts';
import { NEVER } from '../core/timeline.ts';
import { openAnswer } from './answer-plan.ts';
import type { AnswerStep, OpenAnswer } from './answer-plan.ts';

/** What the simulator needs from outside. */
export interface SimulatorDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** Largest request body; the same limit as the real message service. */
export const SIMULATOR_BODY_BYTES_MAX = 32 * 1024 * 1024;

/** Shown in the log line where other calls show `host:port`. */
export const SIMULATOR_ENDPOINT = 'simulator';

/** Steps without a wait between them go out together up to this size, as a kernel joins them. */
const WRITE_CHARS_MAX = 16_384;

/** A service that answers every call itself, as the providers would. */
export function simulatorService(deps: SimulatorDeps): Service {
  return (call, sink) => new SimulatedExchange(call, sink, deps).begin();
}

class SimulatedExchange implements BodyReader, CancelListener, Flow {
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #deps: SimulatorDeps;
  #body: Uint8Array[] = [];
  #bodyBytes: number = 0;
  #answer: OpenAnswer | undefined = undefined;
  #steps: Iterator<AnswerStep> | undefined = undefined;
  /** Made but not sent yet. */
  #next: AnswerStep | undefined = undefined;
  /** When `#next` is due: waits add up from the end of the request, so timers do not drift. */
  #dueAt: number = 0;
  #timer: Timer | undefined = undefined;
  #turnPending: boolean = false;
  #started: boolean = false;
  #paused: boolean = false;
  #over: boolean = false;

  constructor(call: Call, sink: Sink, deps: SimulatorDeps) {
    this.#call = call;
    this.#sink = sink;
    this.#deps = deps;
  }

  begin(): void {
    const { timeline, cancellation, body } = this.#call;
    const now = this.#deps.clock.now();
    timeline.beginAttempt(now);
    timeline.endpoint = SIMULATOR_ENDPOINT;
    timeline.firstWriteAt = now;
    cancellation.listen(this);
    if (!this.#over) body.open(this);
  }

  bodyBytes(bytes: Uint8Array): boolean {
    this.#call.timeline.uploadProgressAt = this.#deps.clock.now();
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes > SIMULATOR_BODY_BYTES_MAX) {
      const detail = `The simulator takes at most ${SIMULATOR_BODY_BYTES_MAX} bytes.`;
      this.#fail(new CallError('BODY_TOO_LARGE', { detail }));
      return false;
    }
    this.#body.push(bytes);
    return true;
  }

  bodyEnd(): void {
    const { clock, random } = this.#deps;
    const { method, path, headers, timeline } = this.#call;
    const now = clock.now();
    timeline.sentAt = now;
    const body = Buffer.concat(this.#body).toString('utf8');
    this.#body = [];
    this.#answer = openAnswer({ method, path, headers, body }, random, clock.wallNow());
    this.#steps = this.#answer.steps[Symbol.iterator]();
    this.#dueAt = now;
    this.#advance();
    this.#play();
  }

  bodyFailed(error: CallError): void {
    this.#fail(error);
  }

  cancelled(reason: CallError): void {
    this.#fail(reason);
  }

  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
    this.#call.timeline.pausedAt = this.#deps.clock.now();
    this.#stopWaiting();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    const { timeline } = this.#call;
    timeline.pausedAt = NEVER;
    // The silence was ours: limits on the upstream's silence count from here.
    timeline.lastByteAt = this.#deps.clock.now();
    this.#wait();
  }

  #advance(): void {
    const step = this.#steps?.next();
    this.#next = step === undefined || step.done === true ? undefined : step.value;
    if (this.#next !== undefined) this.#dueAt += this.#next.afterMs;
  }

  #wait(): void {
    // Pending already when the sink paused and resumed within one write.
    if (this.#timer !== undefined || this.#turnPending) return;
    const waitMs = this.#dueAt - this.#deps.clock.now();
    if (waitMs > 0) {
      this.#timer = this.#deps.clock.after(waitMs, () => this.#play());
    } else {
      // Not at once: whoever resumes us may be in the middle of something.
      this.#turnPending = true;
      this.#deps.clock.nextTurn(() => {
        this.#turnPending = false;
        this.#play();
      });
    }
  }

  /** Sends what is due, one write a turn, so that a fast answer does not keep others waiting. */
  #play(): void {
    this.#timer = undefined;
    if (this.#over || this.#paused) return;
    const now = this.#deps.clock.now();
    let text = '';
    while (this.#next !== undefined && this.#dueAt <= now && text.length < WRITE_CHARS_MAX) {
      text += this.#next.bytes;
      this.#advance();
    }
    if (text !== '') this.#write(Buffer.from(text), now);
    if (this.#over || this.#paused) return;
    if (this.#next !== undefined) this.#wait();
    else this.#finish();
  }

  #write(bytes: Buffer, now: number): void {
    const { timeline, method } = this.#call;
    timeline.lastByteAt = now;
    if (!this.#started) {
      this.#started = true;
      timeline.firstByteAt = now;
      this.#sink.start(this.#head(bytes.length), this);
    }
    if (this.#over || method === 'HEAD') return;
    timeline.responseBytes += bytes.length;
    this.#sink.chunk(bytes);
  }

  #head(wholeBytes: number): Head {
    const { status, headers, streamed, ending } = this.#answer as OpenAnswer;
    // A body that is to break off has declared more than will come.
    const length = ending === 'cut' ? wholeBytes * 2 : wholeBytes;
    const isHead = this.#call.method === 'HEAD';
    // The length of an answer to HEAD is announced all the same.
    return {
      status,
      reason: STATUS_CODES[status] ?? 'Simulated',
      headers: HeaderList.of(headers),
      framing: isHead ? 'none' : streamed ? 'chunked' : 'length',
      contentLength: streamed ? -1 : length,
    };
  }

  #finish(): void {
    if (this.#answer?.ending === 'cut') {
      this.#fail(new CallError('STREAM_CUT', { detail: 'The simulator was asked to.' }));
      return;
    }
    this.#settle();
    this.#sink.end();
  }

  #fail(error: CallError): void {
    if (this.#over) return;
    this.#settle();
    this.#call.body.close(this);
    this.#sink.fail(error);
  }

  #settle(): void {
    this.#over = true;
    this.#stopWaiting();
    this.#steps = undefined;
    this.#next = undefined;
    this.#body = [];
    this.#call.cancellation.unlisten(this);
  }

  #stopWaiting(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
