// What has come of one joint answer, in the order it came: enough to give it again from the start.

import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import type { Tape } from './tape.ts';

/** More informational heads than this are not worth keeping. */
const INTERIMS_MAX = 8;

/** How an answer ended; without an error it was whole. */
export interface Ending {
  readonly error: CallError | undefined;
  readonly trailers: HeaderList | undefined;
}

/** One answer, as far as it has come. Ends when nobody can need it. */
export class AnswerSoFar {
  readonly tape: Tape;
  readonly interims: Head[] = [];
  head: Head | undefined = undefined;
  ending: Ending | undefined = undefined;

  constructor(tape: Tape) {
    this.tape = tape;
  }

  keepInterim(head: Head): void {
    if (this.interims.length < INTERIMS_MAX) this.interims.push(head);
  }
}
