// The caller's end of a converted answer, the same whoever answers: an encoder and the words for an
// error. Made apart from the request, so that a stream does not keep the conversation it answers.

import { answerEncoder } from './answer-encoders.ts';
import type { AskedFor, ModelDialect } from './answer-events.ts';
import type { EncoderDeps } from './answer-writer.ts';
import { encodeError } from './encode-error.ts';
import type { AnswerEnds } from './model-answer.ts';

/** Both ends of the answer to a caller of this format; `decoder` reads the upstream's. */
export function answerEnds(
  from: ModelDialect,
  asked: AskedFor,
  deps: EncoderDeps,
  callId: string,
  decoder: AnswerEnds['decoder'],
): AnswerEnds {
  return {
    from,
    wallNow: deps.wallNow,
    decoder,
    encoder: answerEncoder(from, asked, deps),
    error: (error) => encodeError(from, error, callId),
    isDocument: !asked.stream,
  };
}
