// How a call is put in the words of its upstream, and the answer in those of its caller. Layers
// know these interfaces only; what the words mean is known in src/dialects.

import type { Call } from './call.ts';
import type { Progress } from './dialect.ts';
import type { CallError } from './errors.ts';
import type { HeaderList } from './header-list.ts';
import type { Head } from './sink.ts';

/** Puts calls in the form that one target takes. Made once per route and target, and frozen. */
export interface Conversion {
  /**
   * The call as the target takes it, or why it cannot be put that way. `body` is whole, and lent.
   */
  request(call: Call, body: Uint8Array): ConvertedRequest | CallError;
}

/** One call in the words of its upstream. */
export interface ConvertedRequest {
  /** Path with query, without the endpoint's base path. */
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  /** What the call said and the upstream will not hear; told to the caller in a header. */
  readonly dropped: readonly string[];
  /** The same for a metric, in names of a closed list. */
  readonly counted: readonly string[];
  /** Opens the way back for one final answer; `undefined` = it passes as it is. */
  readonly answer: ((head: Head, out: ConvertedAnswer) => AnswerConversion) | undefined;
  /** Another way to put the call, for an upstream that refuses this one; absent = there is none. */
  readonly plainer?: PlainerConversion | undefined;
}

/** Puts calls in a form that servers take which refuse what most take. */
export interface PlainerConversion extends Conversion {
  /** Whether a refusal with this body asks for the plainer form. */
  isAskedBy(refusal: string): boolean;
  /** The upstream took it: further calls are put that way at once. */
  taken(): void;
}

/** Takes the answer in the caller's words: `head` once, then text. */
export interface ConvertedAnswer {
  head(head: Head): void;
  /** Whole events only, so that others may say something in between. */
  text(text: string): void;
}

/** Puts one answer in the caller's words. */
export interface AnswerConversion {
  /** What of it has come so far. Its answer is always at a boundary. */
  readonly progress: Progress;
  /** `bytes` are lent. */
  push(bytes: Uint8Array): void;
  /**
   * The answer ended cleanly, as far as its framing tells. Writes what is left; an error says that
   * it was not whole, and then nothing of what was written closes it.
   */
  finish(): CallError | undefined;
  /** Gives the caller the beginning of the answer, if it was held back for what would follow. */
  begin?(): void;
  /**
   * Closes an answer whose content is whole although its upstream has not closed it. True when
   * nothing that could still come would change what the caller gets.
   */
  close?(): boolean;
}
