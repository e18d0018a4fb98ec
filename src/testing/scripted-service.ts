// A service that ends a stack in tests: it answers each call from a script on the clock, or is
// driven by hand from the far side. Behaves like the transport in what layers rely on: it honours
// pause, fails the sink when the call is cancelled, writes the wire slots of the timeline, and
// lends bytes that are spoilt after the call, so that a layer which keeps them is found out.

import type { Call } from '../core/call.ts';
import type { CancelListener } from '../core/cancellation.ts';
import type { Clock, Timer } from '../core/clock.ts';
import type { ErrorCode } from '../core/errors.ts';
import { CallError } from '../core/errors.ts';
import { HeaderList } from '../core/header-list.ts';
import type { Service } from '../core/layer.ts';
import type { BodyReader } from '../core/replay-body.ts';
import type { Flow, Framing, Head, Sink } from '../core/sink.ts';
import { itemAt } from './item-at.ts';

/** One piece of a scripted body: text at once, or bytes after a delay since the step before. */
export type ScriptedChunk =
  | string
  | { readonly afterMs: number; readonly bytes: string | Uint8Array };

/** What one call gets. Everything left out happens at once, with status 200 and a clean end. */
export interface CallScript {
  /** Delay of the head; `'never'` leaves the call waiting. */
  readonly headAfterMs?: number | 'never';
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly framing?: Framing;
  /** Informational heads sent before the final one. */
  readonly interim?: readonly number[];
  readonly chunks?: readonly ScriptedChunk[];
  /** Delay between the last chunk (or head) and the ending. */
  readonly endAfterMs?: number;
  /** `'end'`, an error to fail with, or `'never'`. */
  readonly ending?: 'end' | 'never' | ErrorCode | CallError;
  readonly trailers?: Record<string, string>;
  /** Fail without a head at all, `headAfterMs` after the call came. */
  readonly failBeforeHead?: ErrorCode | CallError;
}

/** One script for all calls, one per call (the last one repeats), or a choice made per call. */
export type ServiceScript =
  | CallScript
  | readonly CallScript[]
  | ((call: Call, index: number) => CallScript);

/** A script under which nothing happens: the test drives each call by hand. */
export const byHand: CallScript = { headAfterMs: 'never' };

/** A head for tests. */
export function testHead(
  status: number = 200,
  headers: Record<string, string> = {},
  framing: Framing = 'chunked',
): Head {
  const contentLength = framing === 'length' ? Number(headers['content-length'] ?? -1) : -1;
  return {
    status,
    reason: '',
    headers: HeaderList.of(Object.entries(headers)),
    framing,
    contentLength,
  };
}

/** Records calls and answers them. `service` is what goes into a stack. */
export class ScriptedService {
  readonly calls: ScriptedCall[] = [];
  readonly service: Service;
  readonly #clock: Clock;
  readonly #script: ServiceScript;

  constructor(clock: Clock, script: ServiceScript = {}) {
    this.#clock = clock;
    this.#script = script;
    this.service = (call, sink) => this.#take(call, sink);
  }

  /** The call that came last; throws when there was none. */
  get last(): ScriptedCall {
    const last = this.calls.at(-1);
    if (last === undefined) throw new Error('scripted service: no call came');
    return last;
  }

  #take(call: Call, sink: Sink): void {
    const index = this.calls.length;
    const scripted = new ScriptedCall(call, sink, this.#clock);
    this.calls.push(scripted);
    scripted.play(this.#scriptFor(call, index));
  }

  #scriptFor(call: Call, index: number): CallScript {
    const script = this.#script;
    if (typeof script === 'function') return script(call, index);
    return itemAt(script, index);
  }
}

/** The far side of one call: what it saw, and the means to answer by hand. */
export class ScriptedCall implements CancelListener, BodyReader, Flow {
  readonly call: Call;
  /** Set when the call was cancelled while this side still worked on it. */
  cancelledWith: CallError | undefined = undefined;
  /** The layers above hold this side back. */
  paused: boolean = false;
  /** How often `pause` and `resume` were called. */
  pauses: number = 0;
  resumes: number = 0;
  over: boolean = false;
  bodyComplete: boolean = false;
  bodyFailure: CallError | undefined = undefined;
  readonly #sink: Sink;
  readonly #clock: Clock;
  readonly #bodyChunks: Buffer[] = [];
  #steps: (() => void)[] = [];
  #delays: number[] = [];
  #timer: Timer | undefined = undefined;
  #playing: boolean = false;

  constructor(call: Call, sink: Sink, clock: Clock) {
    this.call = call;
    this.#sink = sink;
    this.#clock = clock;
  }

  /** The request body as far as it was read. */
  get bodyText(): string {
    return Buffer.concat(this.#bodyChunks).toString('utf8');
  }

  /** Begins the attempt and plays `script`. Called by the service. */
  play(script: CallScript): void {
    const { timeline } = this.call;
    const now = this.#clock.now();
    timeline.beginAttempt(now);
    timeline.connectedAt = now;
    timeline.firstWriteAt = now;
    timeline.uploadProgressAt = now;
    this.call.cancellation.listen(this);
    if (this.over) return;
    this.call.body.open(this);
    this.#plan(script);
    this.#next();
  }

  /** Sends an informational head by hand. */
  interim(status: number): void {
    this.#sink.interim(testHead(status, {}, 'none'));
  }

  /** Sends a head by hand. */
  start(head: Head = testHead()): void {
    const { timeline } = this.call;
    timeline.firstByteAt = this.#clock.now();
    timeline.lastByteAt = timeline.firstByteAt;
    this.#sink.start(head, this);
  }

  /** Sends body bytes by hand, paused or not. */
  chunk(bytes: string | Uint8Array): void {
    const lent = Buffer.from(bytes as Uint8Array);
    this.call.timeline.lastByteAt = this.#clock.now();
    this.call.timeline.responseBytes += lent.length;
    this.#sink.chunk(lent);
    // Whoever kept the bytes without copying finds these instead.
    lent.fill(0x21);
  }

  /** Ends the answer by hand. */
  end(trailers?: HeaderList): void {
    this.#finish();
    this.#sink.end(trailers);
  }

  /** Fails the answer by hand. */
  fail(error: ErrorCode | CallError): void {
    this.#finish();
    this.#sink.fail(typeof error === 'string' ? new CallError(error) : error);
  }

  pause(): void {
    this.pauses += 1;
    if (this.paused || this.over) return;
    this.paused = true;
    this.call.timeline.pause(this.#clock.now());
  }

  resume(): void {
    this.resumes += 1;
    if (!this.paused || this.over) return;
    this.paused = false;
    this.call.timeline.resume(this.#clock.now());
    this.#next();
  }

  cancelled(reason: CallError): void {
    if (this.over) return;
    this.cancelledWith = reason;
    this.fail(reason);
  }

  bodyBytes(bytes: Uint8Array): boolean {
    this.#bodyChunks.push(Buffer.from(bytes));
    this.call.timeline.uploadProgressAt = this.#clock.now();
    return true;
  }

  bodyEnd(): void {
    this.bodyComplete = true;
    this.call.timeline.sentAt = this.#clock.now();
  }

  bodyFailed(error: CallError): void {
    this.bodyFailure = error;
    if (!this.over) this.fail(error);
  }

  #plan(script: CallScript): void {
    const headAfterMs = script.headAfterMs ?? 0;
    for (const status of script.interim ?? []) this.#step(0, () => this.interim(status));
    if (headAfterMs === 'never') return;
    const refusal = script.failBeforeHead;
    if (refusal !== undefined) {
      this.#step(headAfterMs, () => this.fail(refusal));
      return;
    }
    const { status, headers, framing } = script;
    this.#step(headAfterMs, () => this.start(testHead(status, headers, framing)));
    for (const chunk of script.chunks ?? []) {
      const { afterMs, bytes } = typeof chunk === 'string' ? { afterMs: 0, bytes: chunk } : chunk;
      this.#step(afterMs, () => this.chunk(bytes));
    }
    const ending = script.ending ?? 'end';
    if (ending === 'never') return;
    const trailers = script.trailers && HeaderList.of(Object.entries(script.trailers));
    this.#step(script.endAfterMs ?? 0, () =>
      ending === 'end' ? this.end(trailers) : this.fail(ending),
    );
  }

  #step(afterMs: number, run: () => void): void {
    this.#delays.push(afterMs);
    this.#steps.push(run);
  }

  /** Runs every step that is due, in a loop, so that long scripts do not deepen the stack. */
  #next(): void {
    // A sink that resumes inside a callback must not get the next chunk inside that callback.
    if (this.#playing) return;
    this.#playing = true;
    while (!this.over && !this.paused && this.#timer === undefined) {
      const delay = this.#delays.shift();
      const run = this.#steps.shift();
      if (delay === undefined || run === undefined) break;
      if (delay <= 0) run();
      else this.#timer = this.#clock.after(delay, () => this.#due(run));
    }
    this.#playing = false;
  }

  #due(run: () => void): void {
    this.#timer = undefined;
    if (this.over) return;
    if (this.paused) {
      // Bytes that arrive while we hold back stay in the kernel until resumed.
      this.#delays.unshift(0);
      this.#steps.unshift(run);
      return;
    }
    run();
    this.#next();
  }

  #finish(): void {
    this.over = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#steps = [];
    this.#delays = [];
    this.call.cancellation.unlisten(this);
    this.call.body.close(this);
  }
}
