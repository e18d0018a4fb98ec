// One answer of a model, as events in no wire format: the middle between three answer decoders and
// three encoders. Whole documents are decoded to the same events and encoded by collecting them.
//
// Order: start (text | reasoning | tool-start tool-arguments* tool-end | usage)* finish usage* end,
// or a prefix of it and then `error`, or a prefix alone: an answer that was cut stays cut, and only
// `end` says that it was whole; without a reason to finish there is none. Blocks may interleave,
// told apart by `key`; encoders of formats whose blocks stand in a row hold back what comes too
// early.

import type { Opening } from '../../core/dialect.ts';

/** The formats that are converted into each other, named as their dialects. */
export type ModelDialect = 'anthropic' | 'openai-chat' | 'openai-responses';

/** Token counts; `input` excludes what came from or went into a cache. -1 = not said. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Part of `output` that was thinking. */
  readonly reasoning: number;
}

export type FinishReason =
  | 'stop'
  | 'stop-sequence'
  | 'length'
  | 'context-window'
  | 'tool-calls'
  | 'refusal'
  | 'pause';

/** Classes of errors that every format has words for. */
export type ErrorClass =
  | 'bad-request'
  | 'authentication'
  | 'permission'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'context-overflow'
  | 'rate-limit'
  | 'quota'
  | 'server'
  | 'overloaded'
  | 'timeout';

export interface AnswerError {
  readonly class: ErrorClass;
  /** The upstream's own words, where it had any: clients match them. */
  readonly message: string;
  /** Status of the HTTP answer it came in, or the one that stands for its class. */
  readonly status: number;
}

export type AnswerEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string }
  | { readonly type: 'text'; readonly key: string; readonly delta: string }
  | {
      readonly type: 'reasoning';
      readonly key: string;
      readonly delta: string;
      /** Ends the block; what the format signs its thoughts with. */
      readonly signature: string | undefined;
    }
  | {
      readonly type: 'tool-start';
      readonly key: string;
      readonly id: string;
      readonly name: string;
    }
  | { readonly type: 'tool-arguments'; readonly key: string; readonly delta: string }
  | { readonly type: 'tool-end'; readonly key: string }
  /** Counts so far; a later one replaces what it says. `estimated`: nobody counted, we guessed. */
  | { readonly type: 'usage'; readonly usage: Usage; readonly estimated?: boolean }
  | { readonly type: 'ping' }
  | {
      readonly type: 'finish';
      readonly reason: FinishReason;
      readonly stopSequence: string | undefined;
    }
  | { readonly type: 'error'; readonly error: AnswerError }
  /**
   * The format's closing event came (or, in a document, the document was whole). `lenient`: it did
   * not, or no reason to finish did, and the upstream is known to leave such things out.
   */
  | { readonly type: 'end'; readonly lenient?: boolean };

/** Hears the events of one answer. */
export type AnswerListener = (event: AnswerEvent) => void;

/** Reads one answer's body, at any split. Throws nothing: what it cannot read is an `error`. */
export interface AnswerDecoder {
  /** `bytes` are lent. */
  push(bytes: Uint8Array): void;
  /** The body ended cleanly. Says `end` only if the answer was whole. */
  finish(): void;
}

/** What every further event of an answer must agree with, failures included. */
export interface AnswerPlace {
  /** Id of the answer as the caller knows it. */
  readonly id: string;
  /** The last number of an event. */
  readonly sequence: number;
  /** How the answer was announced. */
  readonly opening: Opening;
}

/** Writes one answer. Returns the text to send for an event, often ''. */
export interface AnswerEncoder {
  /** `text/event-stream; charset=utf-8` or `application/json`. */
  readonly contentType: string;
  /** Where the answer stands, in formats whose events repeat it. */
  readonly place: AnswerPlace | undefined;
  /** Why the answer could not be written to its end; the last text said so. */
  readonly failure: AnswerError | undefined;
  write(event: AnswerEvent): string;
}

/** What the caller's request says about the form of its answer. */
export interface AskedFor {
  /** As the caller named it; the answer says the same. */
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly wantsReasoning: boolean;
  /** Names that were shortened for the upstream, to the caller's own. */
  readonly toolNames: ReadonlyMap<string, string>;
  /** The caller's tools that take free text. */
  readonly freeTextTools: ReadonlySet<string>;
  /** Tokens of the request by estimate, for formats that say them first. */
  readonly estimatedInputTokens: number;
}
