// The two ends between which layers are measured: calls as the edge makes them, and an upstream in
// this process that answers at once, with answers as models give them. No socket, no wait.
// Invariant: an answer that is not passed up whole is an error, never a fast call.

import { randomBytes } from 'node:crypto';

import { anonymousCaller } from '../src/core/caller.ts';
import type { Call } from '../src/core/call.ts';
import { Cancellation } from '../src/core/cancellation.ts';
import type { Clock } from '../src/core/clock.ts';
import type { CallError } from '../src/core/errors.ts';
import { HeaderList } from '../src/core/header-list.ts';
import type { Service } from '../src/core/layer.ts';
import { BufferBudget, ReplayBody } from '../src/core/replay-body.ts';
import type { Route } from '../src/core/route.ts';
import { freeFlow, type Flow, type Head, type Sink } from '../src/core/sink.ts';
import { Timeline } from '../src/core/timeline.ts';

/** What the upstream answers with: how many text events of a stream, or one document. */
export type AnswerKind = 'document' | 'few' | 'many' | 'resting';

export const chunksFew = 10;
export const chunksMany = 210;

const event = (data: { readonly type: string; readonly [key: string]: unknown }): Buffer =>
  Buffer.from(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);

const message = {
  id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
  type: 'message',
  role: 'assistant',
  model: 'claude-bench',
  stop_sequence: null,
};

const opening: readonly Buffer[] = [
  event({
    type: 'message_start',
    message: {
      ...message,
      content: [],
      stop_reason: null,
      usage: { input_tokens: 472, cache_read_input_tokens: 2048, output_tokens: 1 },
    },
  }),
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
];
const delta = event({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: ' and so on' },
});
const closing: readonly Buffer[] = [
  event({ type: 'content_block_stop', index: 0 }),
  event({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 215 },
  }),
  event({ type: 'message_stop' }),
];
const document = Buffer.from(
  JSON.stringify({
    ...message,
    content: [{ type: 'text', text: 'The quick brown fox. '.repeat(36) }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 472, output_tokens: 215 },
  }),
);

const streamHead: Head = {
  status: 200,
  reason: 'OK',
  headers: HeaderList.of([
    ['content-type', 'text/event-stream; charset=utf-8'],
    ['cache-control', 'no-cache'],
    ['request-id', 'req_011CQz7yJgAACzvnptvVoYEL'],
  ]),
  framing: 'chunked',
  contentLength: -1,
};
const documentHead: Head = {
  status: 200,
  reason: 'OK',
  headers: HeaderList.of([
    ['content-type', 'application/json'],
    ['request-id', 'req_011CQz7yJgAACzvnptvVoYEL'],
  ]),
  framing: 'length',
  contentLength: document.length,
};

/** An upstream without a wire. */
export class InstantUpstream {
  answer: AnswerKind = 'document';
  readonly #clock: Clock;
  #resting: { readonly call: Call; readonly sink: Sink }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Streams that have begun and were not ended. */
  get resting(): number {
    return this.#resting.length;
  }

  /** What the innermost layer calls. Leaves the marks on the call that the transport would. */
  readonly service: Service = (call, sink) => {
    const now = this.#clock.now();
    const { timeline } = call;
    timeline.beginAttempt(now);
    timeline.endpoint = '127.0.0.1:9000';
    timeline.firstWriteAt = now;
    timeline.sentAt = now;
    timeline.firstByteAt = now;
    timeline.lastByteAt = now;
    if (this.answer === 'document') {
      sink.start(documentHead, freeFlow);
      say(call, sink, document, now);
      sink.end();
      return;
    }
    sink.start(streamHead, freeFlow);
    for (const bytes of opening) say(call, sink, bytes, now);
    if (this.answer === 'resting') {
      say(call, sink, delta, now);
      this.#resting.push({ call, sink });
      return;
    }
    const count = this.answer === 'few' ? chunksFew : chunksMany;
    for (let sent = 0; sent < count; sent += 1) say(call, sink, delta, now);
    finish(call, sink, now);
  };

  /** Ends all resting streams as they should end. */
  endAll(): void {
    const now = this.#clock.now();
    const resting = this.#resting;
    this.#resting = [];
    for (const { call, sink } of resting) finish(call, sink, now);
  }
}

function say({ timeline }: Call, sink: Sink, bytes: Buffer, now: number): void {
  timeline.lastByteAt = now;
  timeline.responseBytes += bytes.length;
  sink.chunk(bytes);
}

function finish(call: Call, sink: Sink, now: number): void {
  for (const bytes of closing) say(call, sink, bytes, now);
  sink.end();
}

// As an SDK sends it: the deadline layer finds its timer here.
const headers = HeaderList.of([
  ['content-type', 'application/json'],
  ['accept', 'application/json'],
  ['user-agent', 'Anthropic/JS 0.68.0'],
  ['x-stainless-retry-count', '0'],
  ['x-stainless-timeout', '600'],
  ['x-stainless-lang', 'js'],
  ['anthropic-version', '2023-06-01'],
  ['x-api-key', 'sk-bench'],
]);
const question = Buffer.from(
  JSON.stringify({
    model: 'claude-bench',
    max_tokens: 1024,
    messages: [{ role: 'user', content: 'The quick brown fox. '.repeat(90) }],
    stream: true,
  }),
);

/** Callers, and what they have heard. */
export class Callers {
  begun: number = 0;
  started: number = 0;
  ended: number = 0;
  bytes: number = 0;
  failure: CallError | undefined = undefined;
  readonly #clock: Clock;
  readonly #budget = new BufferBudget(Number.MAX_SAFE_INTEGER);
  readonly #idStart: string = randomBytes(8).toString('hex');

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes one call. Its body is here whole, as that of most calls is. */
  call(service: Service, route: Route): void {
    const now = this.#clock.now();
    const body = new ReplayBody(question.length, route.replayBytesMax, this.#budget, undefined);
    body.push(question);
    body.finish();
    const timeline = new Timeline(now);
    timeline.routedAt = now;
    timeline.receivedAt = now;
    timeline.requestBytes = question.length;
    this.begun += 1;
    // One order of members for every call, as everywhere.
    const call: Call = {
      id: `${this.#idStart}${this.begun}`,
      method: 'POST',
      path: '/v1/messages',
      headers,
      body,
      route,
      caller: anonymousCaller,
      fingerprint: 'b3nchb3nch',
      deadline: Number.POSITIVE_INFINITY,
      cancellation: new Cancellation(),
      timeline,
      attempt: 1,
    };
    service(call, new CallerEnd(call, this));
  }

  /** Throws unless every call was answered whole, or still rests. */
  check(resting: number): void {
    const { begun, ended, failure } = this;
    if (failure !== undefined) throw new Error(`a call failed: ${failure.message}`);
    if (begun !== ended + resting || this.started !== begun) {
      const counts = `${this.started} answered, ${ended} ended, ${resting} resting`;
      throw new Error(`of ${begun} calls: ${counts}`);
    }
  }
}

/** The caller's side of one call; does what the edge does, without writing anything. */
class CallerEnd implements Sink {
  readonly #call: Call;
  readonly #callers: Callers;

  constructor(call: Call, callers: Callers) {
    this.#call = call;
    this.#callers = callers;
  }

  interim(_head: Head): void {}

  start(head: Head, _flow: Flow): void {
    if (head.provisional !== true) this.#call.body.commit();
    this.#callers.started += 1;
  }

  chunk(bytes: Uint8Array): void {
    this.#callers.bytes += bytes.length;
  }

  end(): void {
    this.#call.body.release();
    this.#callers.ended += 1;
  }

  fail(error: CallError): void {
    this.#call.body.release();
    this.#callers.failure = error;
  }
}
