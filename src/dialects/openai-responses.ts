// OpenAI Responses: typed events with sequence numbers, ended by `response.completed`,
// `.incomplete` or `.failed`. Also speaks for the JSON calls on stored responses.

import type { Dialect, Progress } from '../core/dialect.ts';
import type { CallError } from '../core/errors.ts';
import { foreignAnswer, modelAnswerScanner } from './answer-form.ts';
import type { EventGrammar } from './event-grammar.ts';
import { EventKind, EventNames, kindSet } from './event-grammar.ts';
import { Field, leaf, object } from './json-fields.ts';
import { openAiError, renderOpenAiError } from './openai-error.ts';

const usage = object({
  input_tokens: leaf(Field.inputTokens),
  output_tokens: leaf(Field.outputTokens),
  input_tokens_details: object({ cached_tokens: leaf(Field.cachedTokens) }),
});

const errorObject = object(
  { type: leaf(Field.errorType), code: leaf(Field.errorCode) },
  Field.error,
);

/** Members of events and of whole answers in one tree; their names do not collide. */
const fields = object({
  type: leaf(Field.type),
  sequence_number: leaf(Field.sequence),
  code: leaf(Field.errorCode),
  response: object({ id: leaf(Field.id), model: leaf(Field.model), usage, error: errorObject }),
  id: leaf(Field.id),
  model: leaf(Field.model),
  usage,
  error: errorObject,
});

const { content, blockEnd, announce, terminal, failed, ping, error, aside } = EventKind;

/** The Responses stream. Without its terminal event it is never complete: more items may follow. */
const responsesGrammar: EventGrammar = {
  names: new EventNames(
    {
      'response.created': announce,
      'response.queued': announce,
      'response.in_progress': announce,
      'response.output_item.done': blockEnd,
      'response.completed': terminal,
      'response.incomplete': terminal,
      'response.failed': failed,
      keepalive: ping,
      ping,
      error,
    },
    content,
  ),
  fields,
  read: kindSet(announce, terminal, failed, error),
  unnamed: 'type',
  sequenced: true,
  doneMark: aside,
  mustTerminate: true,
};

/** OpenAI Responses. */
export const openaiResponsesDialect: Dialect = {
  name: 'openai-responses',

  scannerFor: (head, lenient) => modelAnswerScanner(head, lenient, responsesGrammar),

  judgeHead: (head, _method, strict) => foreignAnswer(head, strict),

  renderError: renderOpenAiError,

  inStreamError(failure: CallError, progress: Progress) {
    if (!progress.atBoundary || progress.terminal) return undefined;
    // `error` is no use here: the SDKs hand it on as an item without throwing, and Codex does not
    // know it. `response.failed` is known to both: it gives the SDKs a reason, and Codex asks
    // again, as it does after the broken connection that follows anyway. Before `response.created`
    // there is no id to repeat, and the SDK's helper throws at any other first event: say nothing.
    if (progress.messageId === undefined) return undefined;
    const { message } = openAiError(failure);
    const event = {
      type: 'response.failed',
      sequence_number: progress.sequence + 1,
      response: {
        id: progress.messageId,
        object: 'response',
        status: 'failed',
        // The code the vendor itself uses when it breaks down; Codex takes it as a reason to retry.
        error: { code: 'server_error', message },
        output: [],
        model: progress.opening?.model ?? progress.model ?? 'unknown',
        created_at: progress.opening?.createdAt ?? 0,
      },
    };
    return `event: response.failed\ndata: ${JSON.stringify(event)}\n\n`;
  },

  heartbeat(progress: Progress, started: boolean) {
    if (!progress.atBoundary || progress.terminal) return undefined;
    // Codex' idle timer counts events only, so a comment would not keep it; but the SDK's helper
    // throws if its first event is not `response.created`, so before that it has to be a comment.
    if (!started || progress.messageId === undefined) return ': hb\n';
    // The last real number is repeated: the next one belongs to the upstream's next event.
    const number = Math.max(progress.sequence, 0);
    return `event: keepalive\ndata: {"type":"keepalive","sequence_number":${number}}\n\n`;
  },
};
