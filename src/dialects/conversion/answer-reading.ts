// From bytes to the JSON of an answer: event by event for a stream, at once for a document. What
// the JSON means is said by a reader, one for each format.
// Invariants: nothing throws; what cannot be read becomes an `error` of class server; after `end`
// or `error` nothing is read.

import { Buffer } from 'node:buffer';
import type { AnswerDecoder } from './answer-events.ts';
import type { AnswerTeller } from './answer-teller.ts';
import { parseExact } from './exact-json.ts';
import type { JsonObject } from './json-values.ts';
import { asObject } from './json-values.ts';
import { EVENT_BYTES_MAX, SseFrames } from './sse-frames.ts';
import type { FrameListener } from './sse-frames.ts';

/** What the JSON of one format means; tells it to the teller it was made with. */
export interface AnswerReader {
  /** One event of a stream. `name` is '' when it has none. */
  event(name: string, data: JsonObject): void;
  /** The event `[DONE]`. */
  done(): void;
  /** The stream ended cleanly. */
  closed(): void;
  /** A whole answer. */
  document(data: JsonObject): void;
}

/** Largest document that is collected, in bytes; answers of models stay below one megabyte. */
export const DOCUMENT_BYTES_MAX = 33_554_432;

/** Decodes an event stream. */
export class StreamDecoder implements AnswerDecoder, FrameListener {
  readonly #teller: AnswerTeller;
  readonly #reader: AnswerReader;
  readonly #frames: SseFrames;

  constructor(teller: AnswerTeller, reader: AnswerReader) {
    this.#teller = teller;
    this.#reader = reader;
    this.#frames = new SseFrames(this);
  }

  push(bytes: Uint8Array): void {
    if (!this.#teller.over) this.#frames.push(bytes);
  }

  finish(): void {
    if (!this.#teller.over) this.#reader.closed();
  }

  frame(name: string, data: string): void {
    if (this.#teller.over) return;
    if (data.length < 16 && data.trim() === '[DONE]') {
      this.#reader.done();
      return;
    }
    const object = asObject(parsed(data));
    if (object !== undefined) this.#reader.event(name, object);
    else this.#fail('The upstream sent an event that is not a JSON object.');
  }

  ping(): void {
    this.#teller.ping();
  }

  tooLarge(): void {
    this.#fail(`The upstream sent an event larger than ${EVENT_BYTES_MAX} bytes.`);
  }

  #fail(message: string): void {
    this.#teller.fail({ class: 'server', message, status: 502 });
  }
}

/** Decodes a document. */
export class DocumentDecoder implements AnswerDecoder {
  readonly #teller: AnswerTeller;
  readonly #reader: AnswerReader;
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #bytes: number = 0;

  constructor(teller: AnswerTeller, reader: AnswerReader, bytesMax: number = DOCUMENT_BYTES_MAX) {
    this.#teller = teller;
    this.#reader = reader;
    this.#bytesMax = bytesMax;
  }

  push(bytes: Uint8Array): void {
    if (this.#teller.over || bytes.length === 0) return;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#bytesMax) {
      this.#parts = [];
      this.#fail(`The upstream's answer is larger than ${this.#bytesMax} bytes.`);
    } else this.#parts.push(Buffer.from(bytes));
  }

  finish(): void {
    if (this.#teller.over) return;
    const text = Buffer.concat(this.#parts)
      .toString('utf8')
      .replace(/^\uFEFF/, '');
    this.#parts = [];
    const object = asObject(parseExact(text));
    if (object !== undefined) this.#reader.document(object);
    else this.#fail("The upstream's answer is not a JSON object.");
  }

  #fail(message: string): void {
    this.#teller.fail({ class: 'server', message, status: 502 });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told as an error by the caller of this.
    return undefined;
  }
}
