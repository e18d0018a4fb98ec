// Reads the event stream of the native surface and gives back what the model's own API would have
// sent: each message carries one Anthropic event in base64, which is passed on as the text it is.
// Refuses: a broken or empty stream is never a success, and what follows the closing event is not
// looked at, because the answer was whole by then.
// Invariant: `failed` is told at most once, and nothing after it.

import { isUtf8 } from 'node:buffer';
import type { AnswerDecoder, AnswerError, AnswerListener } from '../conversion/answer-events.ts';
import { EventStreamDecoder } from './aws-event-stream.ts';
import type { EventStreamFault, EventStreamListener } from './aws-event-stream.ts';
import { headerText } from './event-stream-headers.ts';
import type { EventHeaders } from './event-stream-headers.ts';
import { objectText, rawMembers } from './json-slices.ts';
import { asObject } from '../conversion/json-values.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import { parsedJson, textOf } from './json-value.ts';
import { answerError, exceptionError, salesforceError } from './salesforce-error.ts';

/** The content type of a streamed answer; anything else with status 200 is no stream. */
export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream';

/** Hears one answer in the form of Anthropic's own stream. */
export interface NativeListener {
  /** Whole server-sent events, one or more: the text of one `push`. */
  events(text: string): void;
  /** The answer failed after what was heard so far. */
  failed(error: AnswerError): void;
}

/** How the body ended: `whole`, or `failed` told why, or in the words of the error table. */
export type NativeEnding = 'whole' | 'failed' | 'STREAM_TRUNCATED' | 'EMPTY_ANSWER';

const EVENT_NAME = /^[a-z_]{1,64}$/;
/** Members that the host adds to the model's events; the model's API does not know them. */
const VENDOR_PREFIX = 'amazon-bedrock-';

const faultTexts: Readonly<Record<EventStreamFault, string>> = {
  'prelude-checksum': 'The event stream is damaged: the checksum of a prelude is wrong.',
  'message-checksum': 'The event stream is damaged: the checksum of a message is wrong.',
  'bad-length': 'The event stream is damaged: a length makes no sense.',
  'too-large': 'The event stream holds a message over the limit.',
  'bad-headers': 'The event stream is damaged: headers make no sense.',
};

/** From frames to server-sent events, for callers who speak Anthropic. */
export class NativeStream implements EventStreamListener {
  readonly #listener: NativeListener;
  readonly #frames: EventStreamDecoder;
  #text: string = '';
  #events: number = 0;
  #terminal: boolean = false;
  #failure: AnswerError | undefined = undefined;

  constructor(listener: NativeListener, messageBytesMax?: number) {
    this.#listener = listener;
    this.#frames = new EventStreamDecoder(this, messageBytesMax);
  }

  /** `bytes` are lent. Tells what they hold before it returns, events first. */
  push(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#frames.push(bytes);
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#listener.events(text);
    if (this.#failure !== undefined) this.#listener.failed(this.#failure);
  }

  /** The body ended cleanly. An error event of the model's own is an ending too: `whole`. */
  finish(): NativeEnding {
    if (this.#failure !== undefined) return 'failed';
    if (this.#terminal) return 'whole';
    return this.#events === 0 && !this.#frames.midMessage ? 'EMPTY_ANSWER' : 'STREAM_TRUNCATED';
  }

  /** For the frame decoder. */
  message(headers: EventHeaders, payload: Uint8Array): void {
    if (this.#over) return;
    switch (headerText(headers, ':message-type')) {
      case 'exception': {
        const type = headerText(headers, ':exception-type') ?? 'unknown';
        this.#fail(exceptionError(type, utf8(payload)));
        return;
      }
      case 'error': {
        const code = headerText(headers, ':error-code') ?? 'unknown';
        this.#fail(exceptionError(code, headerText(headers, ':error-message') ?? code));
        return;
      }
      default:
        // Other kinds of event carry nothing of the model's.
        if (headerText(headers, ':event-type') === 'chunk') this.#chunk(payload);
    }
  }

  /** For the frame decoder. */
  broken(fault: EventStreamFault): void {
    if (!this.#over) this.#fail(answerError('server', faultTexts[fault]));
  }

  get #over(): boolean {
    return this.#terminal || this.#failure !== undefined;
  }

  #chunk(payload: Uint8Array): void {
    const outer = asObject(parsedJson(utf8(payload)));
    const bytes = Buffer.from(textOf(outer?.['bytes']) ?? '', 'base64');
    const text = isUtf8(bytes) ? bytes.toString('utf8') : '';
    const event = asObject(parsedJson(text));
    const type = textOf(event?.['type']) ?? '';
    if (event === undefined || !EVENT_NAME.test(type)) {
      this.#fail(answerError('server', 'The event stream holds a chunk that is no event.'));
      return;
    }
    this.#events += 1;
    this.#terminal = type === 'message_stop' || type === 'error';
    this.#text += `event: ${type}\ndata: ${ownText(event, text)}\n\n`;
  }

  #fail(error: AnswerError): void {
    this.#failure = error;
  }
}

/** From frames to events of no format, for all other callers. */
export class NativeAnswerDecoder implements AnswerDecoder {
  readonly #stream: NativeStream;
  readonly #inner: AnswerDecoder;
  readonly #listener: AnswerListener;

  /** `inner` decodes Anthropic's stream and tells the same listener. */
  constructor(inner: AnswerDecoder, listener: AnswerListener, messageBytesMax?: number) {
    this.#inner = inner;
    this.#listener = listener;
    const own: NativeListener = {
      events: (text) => this.#inner.push(Buffer.from(text)),
      failed: (error) => this.#listener({ type: 'error', error }),
    };
    this.#stream = new NativeStream(own, messageBytesMax);
  }

  push(bytes: Uint8Array): void {
    this.#stream.push(bytes);
  }

  finish(): void {
    const ending = this.#stream.finish();
    if (ending === 'EMPTY_ANSWER') {
      const error = answerError('server', 'The service answered 200 with an empty stream.');
      this.#listener({ type: 'error', error });
    } else if (ending !== 'failed') {
      // Truncated is not an error of ours to tell: without its closing event there is no `end`.
      this.#inner.finish();
    }
  }
}

/** A document of the native surface: the model's message, ready to be passed on, or an error. */
export type NativeDocument =
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'error'; readonly error: AnswerError };

/**
 * Reads the whole body of an answer with status 200 and a JSON content type: to `/invoke`, or to a
 * request for a stream, where it usually is an error that should have had a status of its own.
 */
export function nativeDocument(body: string): NativeDocument {
  const value = asObject(parsedJson(body));
  if (value?.['type'] !== 'message') return { kind: 'error', error: salesforceError(200, body) };
  return { kind: 'message', text: hasVendorKeys(value) ? withoutVendorKeys(body) : body };
}

/** The text of an event on one line and without the host's members, else as it came. */
function ownText(event: JsonObject, text: string): string {
  // Line ends in JSON stand between tokens only.
  const line = text.replaceAll(/[\r\n]+/g, ' ');
  return hasVendorKeys(event) ? withoutVendorKeys(line) : line;
}

function utf8(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function hasVendorKeys(value: JsonObject): boolean {
  return Object.keys(value).some((key) => key.startsWith(VENDOR_PREFIX));
}

function withoutVendorKeys(text: string): string {
  return objectText(rawMembers(text).filter(({ name }) => !name.startsWith(VENDOR_PREFIX)));
}
