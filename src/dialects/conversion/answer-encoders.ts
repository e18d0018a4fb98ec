// The encoders by the format of the caller.

import { anthropicEncoder } from './anthropic-encoder.ts';
import type { AnswerEncoder, AskedFor, ModelDialect } from './answer-events.ts';
import type { EncoderDeps } from './answer-writer.ts';
import { chatEncoder } from './chat-encoder.ts';
import { responsesEncoder } from './responses-encoder.ts';

type EncoderMaker = (asked: AskedFor, deps: EncoderDeps) => AnswerEncoder;

const encoders: Readonly<Record<ModelDialect, EncoderMaker>> = {
  anthropic: anthropicEncoder,
  'openai-chat': chatEncoder,
  'openai-responses': responsesEncoder,
};

/** An encoder of one answer for a caller of this format. */
export function answerEncoder(
  dialect: ModelDialect,
  asked: AskedFor,
  deps: EncoderDeps,
): AnswerEncoder {
  return encoders[dialect](asked, deps);
}
