// OpenAI Chat Completions and the many servers that speak it: nameless events with one chunk each,
// ended by `data: [DONE]`. Also speaks for embeddings, models and the other JSON calls of that API.

import type { Dialect, Progress } from '../core/dialect.ts';
import type { CallError } from '../core/errors.ts';
import { foreignAnswer, modelAnswerScanner } from './answer-form.ts';
import type { EventGrammar } from './event-grammar.ts';
import { EventKind, EventNames, kindSet } from './event-grammar.ts';
import { Field, leaf, list, object } from './json-fields.ts';
import { openAiError, renderOpenAiError } from './openai-error.ts';

const choice = object(
  { index: leaf(Field.choiceIndex), finish_reason: leaf(Field.finish) },
  Field.choice,
);

const fields = object({
  id: leaf(Field.id),
  model: leaf(Field.model),
  choices: list(choice),
  usage: object({
    prompt_tokens: leaf(Field.inputTokens),
    completion_tokens: leaf(Field.outputTokens),
    prompt_tokens_details: object({ cached_tokens: leaf(Field.cachedTokens) }),
  }),
  error: object({ type: leaf(Field.errorType), code: leaf(Field.errorCode) }, Field.error),
});

const { unknown, content, terminal, ping, error, aside } = EventKind;

/** The Chat stream: a chunk's kind shows in its shape only. */
const chatGrammar: EventGrammar = {
  names: new EventNames({ ping, keepalive: ping, error }, unknown),
  fields,
  read: kindSet(content, aside, error),
  unnamed: 'chat',
  sequenced: false,
  doneMark: terminal,
  mustTerminate: true,
};

/** OpenAI Chat Completions. */
export const openaiChatDialect: Dialect = {
  name: 'openai-chat',

  scannerFor: (head, lenient) => modelAnswerScanner(head, lenient, chatGrammar),

  judgeHead: (head, _method, strict) => foreignAnswer(head, strict),

  renderError: renderOpenAiError,

  inStreamError(failure: CallError, progress: Progress) {
    if (!progress.atBoundary || progress.terminal) return undefined;
    // All clients of this dialect throw on it, at any point, and none of them retries after a cut:
    // so the error costs nothing and tells why. Never `[DONE]`, which would make it look complete.
    return `data: ${JSON.stringify({ error: openAiError(failure) })}\n\n`;
  },

  heartbeat(progress: Progress) {
    if (!progress.atBoundary || progress.terminal) return undefined;
    // Any event, even one named ping, reaches user code as a chunk and crashes it. And no blank
    // line: openai-python makes an empty event of it once an `id:` was seen (openai-python#2722).
    return ': hb\n';
  },
};
