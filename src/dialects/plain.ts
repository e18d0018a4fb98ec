// Any HTTP. Bodies mean nothing to the gateway, except where the content type itself says how they
// end: event streams between two events, JSON lines behind a whole line. Empty answers are legal.

import type { Dialect } from '../core/dialect.ts';
import { answerForm } from './answer-form.ts';
import { LinesScanner } from './lines-scanner.ts';
import { renderPlainError } from './plain-error.ts';
import { plainEventGrammar } from './sse.ts';
import { SseScanner } from './sse-scanner.ts';

/** HTTP of no particular dialect. */
export const plainDialect: Dialect = {
  name: 'plain',

  scannerFor(head, lenient) {
    const rules = { lenient, mustAnswer: false };
    switch (answerForm(head)) {
      case 'events':
        return new SseScanner(plainEventGrammar, rules);
      case 'lines':
        return new LinesScanner(rules);
      default:
        return undefined;
    }
  },

  renderError: renderPlainError,

  // Nothing is known of the caller: bytes of ours inside its answer would be a guess.
  inStreamError: () => undefined,
  heartbeat: () => undefined,
};
