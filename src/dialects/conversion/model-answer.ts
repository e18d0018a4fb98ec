// The way back of one answer of a model: an upstream's decoder, the events in the middle, an
// encoder for the caller. Decides when the caller gets a head: the start of an answer is held back
// until content or a ping follows, so that an error before any content still becomes a real status,
// also when the upstream had said 200. SDKs repeat such calls, and give up after an error inside.
// Invariant: what is held is the text of one start event and nothing of the upstream's body.

import type { AnswerConversion, ConvertedAnswer } from '../../core/conversion.ts';
import { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import type {
  AnswerDecoder,
  AnswerEncoder,
  AnswerError,
  AnswerEvent,
  AnswerListener,
  ErrorClass,
  ModelDialect,
  Usage,
} from './answer-events.ts';
import { mergedUsage, noUsage } from './usage-counts.ts';
import { fieldsForCaller } from './vendor-fields.ts';

/** An error as a whole response in the caller's format. */
export interface ErrorDocument {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The two ends of one answer. */
export interface AnswerEnds {
  /** The format of the caller. */
  readonly from: ModelDialect;
  /** Milliseconds since the Unix epoch, for times in fields. */
  readonly wallNow: () => number;
  /** Reads the upstream's body. */
  readonly decoder: (listener: AnswerListener) => AnswerDecoder;
  readonly encoder: AnswerEncoder;
  /** Says an error that came before anything else. */
  readonly error: (error: AnswerError) => ErrorDocument;
  /** The caller asked for a document: no part of it is of use before its end. */
  readonly isDocument: boolean;
}

/** Names of error classes as `Progress.errorType` has them; the outcome table knows them. */
const errorTypes: Readonly<Record<ErrorClass, string>> = {
  'bad-request': 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  'not-found': 'not_found_error',
  conflict: 'invalid_request_error',
  'too-large': 'request_too_large',
  'context-overflow': 'invalid_request_error',
  'rate-limit': 'rate_limit_error',
  quota: 'insufficient_quota',
  server: 'api_error',
  overloaded: 'overloaded_error',
  timeout: 'timeout_error',
};

/** The name of its class as `Progress.errorType` has it. */
export function errorTypeOf(error: AnswerError): string {
  return errorTypes[error.class];
}

/** Fields of a body that is not passed on as it came. */
const BODY_FIELDS = [
  'content-type',
  'content-length',
  'content-encoding',
  'etag',
  'digest',
  'content-digest',
  'repr-digest',
];

/** Converts one answer of a model. */
export class ModelAnswer implements AnswerConversion {
  readonly progress: Progress = new Progress();
  readonly #head: Head;
  readonly #ends: AnswerEnds;
  readonly #out: ConvertedAnswer;
  readonly #decoder: AnswerDecoder;
  #begun: boolean = false;
  /** The text of the start, until something follows. */
  #held: string = '';
  /** Id of the answer at the upstream. */
  #id: string | undefined = undefined;
  /** Key of the block that content went to last. */
  #block: string | undefined = undefined;
  /** Token counts so far: a later event need not repeat all of them. */
  #usage: Usage = noUsage;
  /** An error was said; nothing is heard after it. */
  #failed: boolean = false;

  constructor(head: Head, ends: AnswerEnds, out: ConvertedAnswer) {
    this.#head = head;
    this.#ends = ends;
    this.#out = out;
    this.progress.isDocument = ends.isDocument;
    this.#decoder = ends.decoder((event) => this.#hear(event));
  }

  push(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
  }

  finish(): CallError | undefined {
    if (!this.progress.terminal) this.#decoder.finish();
    if (this.#failed || this.progress.terminal) return undefined;
    return new CallError(this.progress.contentEvents === 0 ? 'EMPTY_ANSWER' : 'STREAM_TRUNCATED');
  }

  begin(): void {
    if (this.#held !== '') this.#say('');
  }

  close(): boolean {
    const { progress } = this;
    if (progress.contentComplete && !progress.terminal) this.#hear({ type: 'end' });
    return this.#failed || progress.terminal;
  }

  #hear(event: AnswerEvent): void {
    if (this.#failed || this.progress.terminal) return;
    this.#note(event);
    if ('key' in event) this.#enter(event.key);
    if (event.type === 'error') {
      this.#failed = true;
      if (!this.#begun) {
        this.#refuse(event.error);
        return;
      }
    }
    const { encoder } = this.#ends;
    const text = encoder.write(event);
    if (event.type === 'start') this.#held = text;
    else if (text !== '' || (this.#held !== '' && isSign(event))) this.#say(text);
    const { failure } = encoder;
    if (failure === undefined) return;
    this.#failed = true;
    this.progress.errorType = errorTypeOf(failure);
  }

  /** Says what was held back, and `text`. */
  #say(text: string): void {
    const held = this.#held;
    this.#held = '';
    // What is said in between must fit in: heartbeats, and failures.
    const { progress } = this;
    const { encoder } = this.#ends;
    const { place } = encoder;
    progress.messageId = place?.id ?? this.#id;
    if (place !== undefined) {
      progress.sequence = place.sequence;
      progress.opening = place.opening;
    }
    this.#begin(200, 'OK', encoder.contentType);
    this.#out.text(held + text);
  }

  #note(event: AnswerEvent): void {
    const { progress } = this;
    switch (event.type) {
      case 'start':
        this.#id = event.id;
        progress.model = event.model;
        return;
      case 'usage':
        this.#usage = mergedUsage(this.#usage, event.usage);
        noteUsage(progress, this.#usage);
        if (event.estimated === true) progress.tokensEstimated = true;
        return;
      case 'end': {
        const { input, output } = this.#usage;
        // Its clients must be told numbers, so they are told a guess and 0.
        if (this.#ends.from === 'anthropic' && (input < 0 || output < 0)) {
          progress.tokensEstimated = true;
        }
        progress.lenientEnd = event.lenient === true;
        progress.terminal = true;
        return;
      }
      default:
        note(progress, event);
    }
  }

  /** Who goes on to another block has completed the last. */
  #enter(key: string): void {
    if (this.#block !== undefined && this.#block !== key) this.progress.blockCompleted = true;
    this.#block = key;
  }

  #refuse(error: AnswerError): void {
    const { status, contentType, body } = this.#ends.error(error);
    this.#begin(status, '', contentType);
    this.#out.text(body);
  }

  #begin(status: number, reason: string, contentType: string): void {
    if (this.#begun) return;
    this.#begun = true;
    // Inside a document nobody else may say anything; what it holds is kept to the letter.
    this.progress.atBoundary = contentType.startsWith('text/event-stream');
    const { from, wallNow } = this.#ends;
    const told = fieldsForCaller(from, this.#head.headers, wallNow);
    const headers = convertedFields(told, contentType);
    this.#out.head({ status, reason, headers, framing: 'chunked', contentLength: -1 });
  }
}

/** The fields of an answer whose body is another one now. */
export function convertedFields(fields: HeaderList, contentType: string): HeaderList {
  const kept = fields.without(...BODY_FIELDS).with('content-type', contentType);
  if (!contentType.startsWith('text/event-stream')) return kept;
  return kept.without('cache-control').with('cache-control', 'no-cache, no-transform');
}

/** Content, also such that the caller does not get to see, or a sign that some is on its way. */
function isSign({ type }: AnswerEvent): boolean {
  return type !== 'start' && type !== 'usage' && type !== 'finish';
}

/** What layers want to know of an answer, from its events. */
function note(
  progress: Progress,
  event: Exclude<AnswerEvent, { type: 'start' | 'usage' | 'end' }>,
): void {
  switch (event.type) {
    case 'text':
    case 'reasoning':
    case 'tool-start':
    case 'tool-arguments':
      progress.contentEvents += 1;
      return;
    case 'tool-end':
      progress.blockCompleted = true;
      return;
    case 'ping':
      progress.pings += 1;
      return;
    case 'finish':
      progress.contentComplete = true;
      progress.blockCompleted = true;
      return;
    case 'error':
      progress.errorType = errorTypeOf(event.error);
      break;
  }
}

function noteUsage(progress: Progress, usage: Usage): void {
  const { input, output, cacheRead, cacheWrite } = usage;
  const cached = Math.max(0, cacheRead) + Math.max(0, cacheWrite);
  if (input >= 0) progress.inputTokens = input + cached;
  if (output >= 0) progress.outputTokens = output;
  if (cacheRead >= 0) progress.cachedTokens = cacheRead;
}
