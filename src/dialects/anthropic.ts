// Anthropic Messages: named events from `message_start` to `message_stop`, JSON answers, and errors
// as `{"type":"error","error":{...}}`. Also speaks for count_tokens, batches, models and files.

import type { Dialect, Progress } from '../core/dialect.ts';
import type { CallError } from '../core/errors.ts';
import { foreignAnswer, modelAnswerScanner } from './answer-form.ts';
import { errorText, shownStatus } from './error-text.ts';
import type { EventGrammar } from './event-grammar.ts';
import { EventKind, EventNames, kindSet } from './event-grammar.ts';
import { Field, leaf, object } from './json-fields.ts';

const usage = object({
  input_tokens: leaf(Field.inputTokens),
  output_tokens: leaf(Field.outputTokens),
  cache_read_input_tokens: leaf(Field.cachedTokens),
});

/** Members of events and of whole answers in one tree; their names do not collide. */
const fields = object({
  type: leaf(Field.type),
  id: leaf(Field.id),
  model: leaf(Field.model),
  stop_reason: leaf(Field.finish),
  usage,
  message: object({ id: leaf(Field.id), model: leaf(Field.model), usage }),
  delta: object({ stop_reason: leaf(Field.finish) }),
  error: object({ type: leaf(Field.errorType) }, Field.error),
});

const { content, blockEnd, announce, finish, terminal, ping, error, aside } = EventKind;

/** The Messages stream. Only three kinds of event are read; deltas are never looked into. */
const anthropicGrammar: EventGrammar = {
  names: new EventNames(
    {
      message_start: announce,
      content_block_stop: blockEnd,
      message_delta: finish,
      message_stop: terminal,
      ping,
      error,
    },
    content,
  ),
  fields,
  read: kindSet(announce, finish, error),
  unnamed: 'type',
  sequenced: false,
  doneMark: aside,
  mustTerminate: true,
};

const typeByStatus = new Map<number, string>([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [409, 'conflict_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [431, 'request_too_large'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
]);

/** The `error.type` that Anthropic's clients know for a status. */
export function anthropicErrorType(status: number): string {
  const known = typeByStatus.get(status);
  if (known !== undefined) return known;
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}

function errorMember(failure: CallError): { type: string; message: string } {
  return { type: anthropicErrorType(shownStatus(failure)), message: errorText(failure) };
}

/** Anthropic Messages. */
export const anthropicDialect: Dialect = {
  name: 'anthropic',

  scannerFor: (head, lenient) => modelAnswerScanner(head, lenient, anthropicGrammar),

  judgeHead: (head, _method, strict) => foreignAnswer(head, strict),

  renderError(failure, callId) {
    const body = { type: 'error', error: errorMember(failure), request_id: callId };
    return {
      status: shownStatus(failure),
      contentType: 'application/json',
      body: JSON.stringify(body),
    };
  },

  inStreamError(failure: CallError, progress: Progress) {
    if (!progress.atBoundary || progress.terminal) return undefined;
    // During the first block Claude Code takes an error event as a reason to ask again without
    // streaming, but a broken connection as a reason to stream again: there we say nothing.
    // Once a block is complete it keeps that block either way, and the SDKs get a reason to show.
    if (!progress.blockCompleted) return undefined;
    const body = JSON.stringify({ type: 'error', error: errorMember(failure) });
    return `event: error\ndata: ${body}\n\n`;
  },

  heartbeat(progress: Progress, started: boolean) {
    if (!progress.atBoundary || progress.terminal) return undefined;
    // A ping counts for the client's byte and event watchdogs alike. Before `message_start` a
    // comment is the one form that every parser passes over.
    return started ? 'event: ping\ndata: {"type": "ping"}\n\n' : ': hb\n';
  },
};
