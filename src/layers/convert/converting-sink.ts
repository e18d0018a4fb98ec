// The way back of an answer: bytes of the upstream go in, the caller's words come out. What one
// read brought goes out as one chunk. Ends an answer that is whole although its upstream does not
// close it, and lets go of a beginning that was held back. Two waits, one sweep, no timer.
// Invariant: one last word goes out, and nothing of what the upstream still says after it. When it
// is ours, the upstream is told first, so that its connection is given back by then.

import type { Call } from '../../core/call.ts';
import type { Cancellation } from '../../core/cancellation.ts';
import type { AnswerConversion, ConvertedAnswer, ConvertedRequest } from '../../core/conversion.ts';
import type { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import { freeFlow } from '../../core/sink.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import { NEVER } from '../../core/timeline.ts';

/**
 * How long the rest of an answer is waited for once its content is whole, in ms: token counts, the
 * closing event, the end of the body. They come in the same packet or the next; a server from which
 * they do not come leaves them out, or forgets its connections.
 */
export const CLOSING_MS = 2_000;

/**
 * How long the beginning of an answer is held back for its first content, in ms, where no heartbeat
 * has given the caller a head before. The retry layer may hold it for 10 s more, and proxies that
 * cut silence at 30 s shall see it in time.
 */
export const BEGINNING_MS = 15_000;

const SUPERSEDED = new CallError('SUPERSEDED');

/** What the way back of one attempt is given. */
export interface WayBack {
  readonly call: Call;
  /** The attempt alone. */
  readonly scope: Cancellation;
  readonly sweep: Sweep;
  readonly open: NonNullable<ConvertedRequest['answer']>;
}

/** Converts one answer. Ends with its last word, or by `abandon`. */
export class ConvertingSink implements Sink, ConvertedAnswer, Swept {
  sweepIndex: number = -1;
  readonly #way: WayBack;
  readonly #sink: Sink;
  #answer: AnswerConversion | undefined = undefined;
  #flow: Flow = freeFlow;
  #text: string = '';
  #hasHead: boolean = false;
  #over: boolean = false;
  /** When the upstream's head came. */
  #answeredAt: number = NEVER;
  /** When the content was whole; later while the caller held us back. */
  #wholeAt: number = NEVER;

  constructor(way: WayBack, sink: Sink) {
    this.#way = way;
    this.#sink = sink;
  }

  /** The way down threw: nothing will come. */
  abandon(): void {
    this.#over = true;
    this.#way.sweep.remove(this);
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const { call, open, sweep } = this.#way;
    const { timeline } = call;
    this.#flow = flow;
    const answer = open(head, this);
    this.#answer = answer;
    timeline.progress = answer.progress;
    this.#answeredAt = timeline.lastByteAt;
    const mayHold = answer.begin !== undefined && !answer.progress.isDocument;
    if (mayHold && !this.#hasHead && !this.#over) sweep.add(this);
    this.#flush();
  }

  head(head: Head): void {
    this.#hasHead = true;
    this.#sink.start(head, this.#flow);
  }

  text(text: string): void {
    this.#text += text;
  }

  chunk(bytes: Uint8Array): void {
    const answer = this.#answer;
    if (answer === undefined || this.#over) return;
    answer.push(bytes);
    this.#flush();
    if (this.#wholeAt === NEVER && isWhole(answer.progress)) this.#expectEnd(answer);
  }

  end(): void {
    if (this.#over) return;
    const error = this.#answer?.finish();
    this.#flush();
    this.#lastWord(error);
  }

  fail(error: CallError): void {
    if (!this.#over) this.#lastWord(error);
  }

  sweep(now: number): void {
    const answer = this.#answer;
    const { call, sweep } = this.#way;
    const { committedAt, pausedAt } = call.timeline;
    if (this.#wholeAt !== NEVER) {
      // While the caller holds us back, the silence is ours.
      if (pausedAt !== NEVER) this.#wholeAt = now;
      else if (now - this.#wholeAt >= CLOSING_MS && answer?.close?.() === true) this.#close();
    } else if (this.#hasHead) sweep.remove(this);
    else if (committedAt !== NEVER || now - this.#answeredAt >= BEGINNING_MS) {
      answer?.begin?.();
      this.#flush();
    }
  }

  #expectEnd(answer: AnswerConversion): void {
    if (answer.close === undefined || this.#over) return;
    const { call, sweep } = this.#way;
    this.#wholeAt = call.timeline.lastByteAt;
    if (this.sweepIndex < 0) sweep.add(this);
  }

  /** Ends the answer ourselves; the rest of it and its connection are given up. */
  #close(): void {
    this.#flush();
    // The caller may have left at that very moment.
    if (this.#over) return;
    this.abandon();
    this.#way.scope.cancel(SUPERSEDED);
    this.#sink.end();
  }

  #lastWord(error: CallError | undefined): void {
    if (this.#over) return;
    this.abandon();
    if (error === undefined) this.#sink.end();
    else this.#sink.fail(error);
  }

  #flush(): void {
    if (this.#text === '' || this.#over) return;
    const text = this.#text;
    this.#text = '';
    this.#sink.chunk(Buffer.from(text, 'utf8'));
  }
}

/** What is still to come adds no content: token counts at most, or nothing. */
function isWhole({ contentComplete, errorType }: Progress): boolean {
  return contentComplete || errorType !== undefined;
}
