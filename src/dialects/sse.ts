// Any other event stream: no event is known to be the last, so a stream is complete when it ends
// between two events.

import type { Dialect, Progress } from '../core/dialect.ts';
import { answerForm } from './answer-form.ts';
import { ByteScanner } from './byte-scanner.ts';
import type { EventGrammar } from './event-grammar.ts';
import { EventKind, EventNames, kindSet } from './event-grammar.ts';
import { object } from './json-fields.ts';
import { renderPlainError } from './plain-error.ts';
import { SseScanner } from './sse-scanner.ts';

const { content, ping, error } = EventKind;

/** Names are free here; those that speak of life or failure are taken at their word. */
export const plainEventGrammar: EventGrammar = {
  names: new EventNames({ ping, heartbeat: ping, keepalive: ping, error }, content),
  fields: object({}),
  read: kindSet(),
  unnamed: 'content',
  sequenced: false,
  doneMark: content,
  mustTerminate: false,
};

/** Generic server-sent events. */
export const sseDialect: Dialect = {
  name: 'sse',

  scannerFor(head, lenient) {
    const mustAnswer = head.status === 200;
    switch (answerForm(head)) {
      case 'events':
        return new SseScanner(plainEventGrammar, { lenient, mustAnswer });
      case 'encoded':
      case 'text':
        return mustAnswer ? new ByteScanner() : undefined;
      default:
        return undefined;
    }
  },

  renderError: renderPlainError,

  // No agreed form: an EventSource takes any event as data, and an event named "error" as a broken
  // connection of its own. Destroying the socket makes it connect again, which is what it is for.
  inStreamError: () => undefined,

  heartbeat: (progress: Progress) => (progress.atBoundary ? ': hb\n' : undefined),
};
