// The decoders by the format of the upstream.

import { anthropicDecoder, anthropicDocumentDecoder } from './anthropic-decoder.ts';
import type { AnswerDecoder, AnswerListener, ModelDialect } from './answer-events.ts';
import { chatDecoder, chatDocumentDecoder } from './chat-decoder.ts';
import { responsesDecoder, responsesDocumentDecoder } from './responses-decoder.ts';

type DecoderMaker = (listener: AnswerListener) => AnswerDecoder;

const streamDecoders: Readonly<Record<ModelDialect, DecoderMaker>> = {
  anthropic: anthropicDecoder,
  'openai-chat': chatDecoder,
  'openai-responses': responsesDecoder,
};

const documentDecoders: Readonly<Record<ModelDialect, DecoderMaker>> = {
  anthropic: anthropicDocumentDecoder,
  'openai-chat': chatDocumentDecoder,
  'openai-responses': responsesDocumentDecoder,
};

/** A decoder of an answer that is an event stream. */
export function streamDecoder(dialect: ModelDialect, listener: AnswerListener): AnswerDecoder {
  return streamDecoders[dialect](listener);
}

/** A decoder of an answer that is one JSON document. */
export function documentDecoder(dialect: ModelDialect, listener: AnswerListener): AnswerDecoder {
  return documentDecoders[dialect](listener);
}
