// The decoders by the format of the upstream.

import { anthropicDecoder, anthropicDocumentDecoder } from './anthropic-decoder.ts';
import type { AnswerDecoder, AnswerListener, ModelDialect } from './answer-events.ts';
import { chatDecoder, chatDocumentDecoder } from './chat-decoder.ts';
import { responsesDecoder, responsesDocumentDecoder } from './responses-decoder.ts';

type DecoderMaker = (listener: AnswerListener, lenient: boolean) => AnswerDecoder;

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

/**
 * A decoder of an answer that is an event stream. `lenient`: the upstream is known to leave out
 * what tells that an answer is whole; see `Route.lenient`.
 */
export function streamDecoder(
  dialect: ModelDialect,
  listener: AnswerListener,
  lenient: boolean = false,
): AnswerDecoder {
  return streamDecoders[dialect](listener, lenient);
}

/** A decoder of an answer that is one JSON document; `lenient` as above. */
export function documentDecoder(
  dialect: ModelDialect,
  listener: AnswerListener,
  lenient: boolean = false,
): AnswerDecoder {
  return documentDecoders[dialect](listener, lenient);
}
