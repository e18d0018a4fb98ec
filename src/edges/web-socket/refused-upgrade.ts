// An upstream's HTTP answer to a handshake, passed on like any other: status, fields and body. It
// may ask for a login, redirect, or say that there is no room, and the caller has to see which.
// Invariant: the sink hears `start` and then exactly one `end` or `fail`, unless it is dropped.

import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import type { Flow, Framing, Head, Sink } from '../../core/sink.ts';

/** Told when the answer is over; the sink is told afterwards. */
export interface RefusalOwner {
  refusalOver(): void;
}

/** One answer on its way through. */
export class RefusedUpgrade implements Flow {
  readonly #answer: IncomingMessage;
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #clock: Clock;
  readonly #owner: RefusalOwner;
  #over: boolean = false;

  constructor(
    answer: IncomingMessage,
    call: Call,
    sink: Sink,
    parts: { readonly clock: Clock },
    owner: RefusalOwner,
  ) {
    this.#answer = answer;
    this.#call = call;
    this.#sink = sink;
    this.#clock = parts.clock;
    this.#owner = owner;
  }

  /** Passes it on. */
  start(): void {
    const answer = this.#answer;
    const { timeline } = this.#call;
    timeline.lastByteAt = this.#clock.now();
    const head = headOf(answer);
    if (head === undefined) {
      const detail = 'Its answer to the handshake has a field that HTTP does not allow.';
      this.#end(new CallError('BAD_RESPONSE', { detail }));
      return;
    }
    answer.on('data', (bytes: Buffer) => this.#received(bytes));
    answer.on('end', () => this.#end(undefined));
    // A cut is seen as an error, then as a close without an end.
    answer.on('error', () => {});
    answer.on('close', () => this.#end(new CallError('STREAM_CUT')));
    this.#sink.start(head, this);
  }

  /** Says nothing more. */
  drop(): void {
    this.#over = true;
  }

  pause(): void {
    if (this.#over) return;
    this.#call.timeline.pause(this.#clock.now());
    this.#answer.pause();
  }

  resume(): void {
    if (this.#over) return;
    this.#call.timeline.resume(this.#clock.now());
    this.#answer.resume();
  }

  /** Whether it has said nothing for `limitMs` although it was read. */
  isStuck(now: number, limitMs: number): boolean {
    return !this.#answer.isPaused() && now - this.#call.timeline.lastByteAt > limitMs;
  }

  #received(bytes: Buffer): void {
    if (this.#over) return;
    const { timeline } = this.#call;
    timeline.lastByteAt = this.#clock.now();
    timeline.responseBytes += bytes.length;
    this.#sink.chunk(bytes);
  }

  #end(error: CallError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.refusalOver();
    if (error === undefined) this.#sink.end();
    else this.#sink.fail(error);
  }
}

/** The head as the grammar has it; `undefined` when it holds what HTTP does not allow. */
export function headOf(answer: IncomingMessage): Head | undefined {
  const headers = fieldsOf(answer.rawHeaders);
  if (headers === undefined) return undefined;
  const status = answer.statusCode ?? 0;
  const length = answer.headers['content-length'];
  let framing: Framing = 'until-close';
  if (status < 200 || status === 204 || status === 304) framing = 'none';
  else if (answer.headers['transfer-encoding'] !== undefined) framing = 'chunked';
  else if (length !== undefined) framing = 'length';
  return {
    status,
    reason: answer.statusMessage ?? STATUS_CODES[status] ?? '',
    headers,
    framing,
    contentLength: framing === 'length' ? Number(length) : -1,
  };
}

/** All fields but those of the handshake and those that Connection names. */
function fieldsOf(raw: readonly string[]): HeaderList | undefined {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    pairs.push([raw[at] as string, raw[at + 1] as string]);
  }
  const named = new Set(
    pairs
      .filter(([name]) => name.toLowerCase() === 'connection')
      .flatMap(([, value]) => value.toLowerCase().split(','))
      .map((name) => name.trim()),
  );
  const passes = ([name]: [string, string]): boolean => {
    const lower = name.toLowerCase();
    return !named.has(lower) && !lower.startsWith('sec-websocket-');
  };
  try {
    return HeaderList.of(pairs.filter(passes));
  } catch {
    return undefined;
  }
}
