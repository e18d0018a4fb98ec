// A sink that keeps everything it was told, for tests. Copies bytes, because they are lent.
// Refuses what the grammar forbids by throwing at the line that broke it, unless told to be lax.
// Invariant: `events` is the whole story, in order; everything else is read from it.

import type { CallError } from '../core/errors.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { Flow, Head, Sink } from '../core/sink.ts';

/** One thing a sink was told. `at` is the clock's time, or 0 without a clock. */
export type SinkEvent =
  | { readonly type: 'interim'; readonly at: number; readonly head: Head }
  | { readonly type: 'start'; readonly at: number; readonly head: Head }
  | { readonly type: 'chunk'; readonly at: number; readonly bytes: Buffer }
  | { readonly type: 'end'; readonly at: number; readonly trailers: HeaderList | undefined }
  | { readonly type: 'fail'; readonly at: number; readonly error: CallError };

/** How a recording sink behaves while it listens. */
export interface RecordingOptions {
  /** Where the times of events come from. */
  readonly now?: () => number;
  /** Pauses the flow when this many chunks have come; the test resumes. 0 = with the head. */
  readonly pauseAfterChunks?: number;
  /** Called after each event was kept: the place for any other flow-control script. */
  readonly onEvent?: (event: SinkEvent, sink: RecordingSink) => void;
  /** Keeps recording what the grammar forbids instead of throwing. */
  readonly lax?: boolean;
}

/** Keeps what it is told. Ends with the one `end` or `fail` that every sink gets. */
export class RecordingSink implements Sink {
  readonly events: SinkEvent[] = [];
  /** Settles when the answer is over, either way. */
  readonly over: Promise<void>;
  readonly #options: RecordingOptions;
  #flow: Flow | undefined = undefined;
  #paused: boolean = false;
  #chunks: number = 0;
  readonly #settle: () => void;

  constructor(options: RecordingOptions = {}) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#settle = resolve;
  }

  /** The final head, once it came. */
  get head(): Head | undefined {
    return this.#find('start')?.head;
  }

  /** Status of the final head, 0 before it. */
  get status(): number {
    return this.head?.status ?? 0;
  }

  /** All body bytes so far. */
  get body(): Buffer {
    const chunks: Buffer[] = [];
    for (const event of this.events) if (event.type === 'chunk') chunks.push(event.bytes);
    return Buffer.concat(chunks);
  }

  /** All body bytes so far, as UTF-8. */
  get text(): string {
    return this.body.toString('utf8');
  }

  /** The body as it came, one text per chunk. */
  get chunks(): string[] {
    const texts: string[] = [];
    for (const event of this.events) {
      if (event.type === 'chunk') texts.push(event.bytes.toString('utf8'));
    }
    return texts;
  }

  /** The answer ended well. */
  get ended(): boolean {
    return this.#find('end') !== undefined;
  }

  /** Why the answer failed, if it did. */
  get error(): CallError | undefined {
    return this.#find('fail')?.error;
  }

  get trailers(): HeaderList | undefined {
    return this.#find('end')?.trailers;
  }

  /** It ended or failed; nothing may come any more. */
  get isOver(): boolean {
    return this.ended || this.error !== undefined;
  }

  /** This sink holds its upstream back at the moment. */
  get paused(): boolean {
    return this.#paused;
  }

  /** The story in short: `start 200`, `chunk 5`, `end`, `fail RESET`. */
  get story(): string[] {
    return this.events.map(shortly);
  }

  /** Holds the one who feeds this sink back. */
  pause(): void {
    if (this.#flow === undefined) throw new Error('recording sink: nothing to pause before a head');
    this.#paused = true;
    this.#flow.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#flow?.resume();
  }

  interim(head: Head): void {
    this.#expect(this.head === undefined && !this.isOver, 'interim');
    this.#keep({ type: 'interim', at: this.#now(), head: copyHead(head) });
  }

  start(head: Head, flow: Flow): void {
    this.#expect(this.head === undefined && !this.isOver, 'start');
    this.#flow = flow;
    this.#keep({ type: 'start', at: this.#now(), head: copyHead(head) });
    if (this.#options.pauseAfterChunks === 0) this.pause();
  }

  chunk(bytes: Uint8Array): void {
    this.#expect(this.head !== undefined && !this.isOver, 'chunk');
    this.#expect(bytes.length > 0, 'empty chunk');
    this.#chunks += 1;
    this.#keep({ type: 'chunk', at: this.#now(), bytes: Buffer.from(bytes) });
    if (this.#options.pauseAfterChunks === this.#chunks) this.pause();
  }

  end(trailers?: HeaderList): void {
    this.#expect(this.head !== undefined && !this.isOver, 'end');
    this.#keep({ type: 'end', at: this.#now(), trailers });
    this.#settle();
  }

  fail(error: CallError): void {
    this.#expect(!this.isOver, 'fail');
    this.#keep({ type: 'fail', at: this.#now(), error });
    this.#settle();
  }

  #now(): number {
    return this.#options.now?.() ?? 0;
  }

  #keep(event: SinkEvent): void {
    this.events.push(event);
    this.#options.onEvent?.(event, this);
  }

  #expect(legal: boolean, word: string): void {
    if (legal || this.#options.lax === true) return;
    throw new Error(`grammar: "${word}" after ${JSON.stringify(this.story)}`);
  }

  #find<T extends SinkEvent['type']>(type: T): Extract<SinkEvent, { type: T }> | undefined {
    return this.events.find(
      (event): event is Extract<SinkEvent, { type: T }> => event.type === type,
    );
  }
}

function copyHead(head: Head): Head {
  const { status, reason, headers, framing, contentLength } = head;
  return { status, reason, headers, framing, contentLength };
}

function shortly(event: SinkEvent): string {
  switch (event.type) {
    case 'interim':
    case 'start':
      return `${event.type} ${event.head.status}`;
    case 'chunk':
      return `chunk ${event.bytes.length}`;
    case 'end':
      return 'end';
    case 'fail':
      return `fail ${event.error.code}`;
  }
}
