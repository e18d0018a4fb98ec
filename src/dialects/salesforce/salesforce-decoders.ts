// The decoders for answers of the two surfaces, by what their heads say.

import type { Head } from '../../core/sink.ts';
import { mediaType } from '../answer-form.ts';
import { documentDecoder, streamDecoder } from '../conversion/answer-decoders.ts';
import type { AnswerDecoder, AnswerListener } from '../conversion/answer-events.ts';
import { ErrorDecoder } from '../conversion/error-decoder.ts';
import { documentedAnswer } from './documented-answer.ts';
import type { DocumentedContext } from './documented-answer.ts';
import { EVENT_STREAM_TYPE, NativeAnswerDecoder, nativeDocument } from './native-answer.ts';
import { salesforceError } from './salesforce-error.ts';
import { tooLarge, WholeBody } from './whole-body.ts';

/** For an answer of the native surface. */
export function nativeDecoder(head: Head, listener: AnswerListener): AnswerDecoder {
  if (head.status >= 400) return errorDecoder(head, listener);
  if (mediaType(head.headers.get('content-type') ?? '') === EVENT_STREAM_TYPE) {
    return new NativeAnswerDecoder(streamDecoder('anthropic', listener), listener);
  }
  return new WholeBody((body) => {
    if (body === undefined) return listener({ type: 'error', error: tooLarge });
    const document = nativeDocument(body);
    if (document.kind === 'error') return listener({ type: 'error', error: document.error });
    const inner = documentDecoder('anthropic', listener);
    inner.push(Buffer.from(document.text));
    return inner.finish();
  });
}

/** For an answer of the documented surface. */
export function documentedDecoder(
  head: Head,
  context: DocumentedContext,
  listener: AnswerListener,
): AnswerDecoder {
  if (head.status >= 400) return errorDecoder(head, listener);
  return new WholeBody((body) => {
    if (body === undefined) listener({ type: 'error', error: tooLarge });
    else for (const event of documentedAnswer(body, context)) listener(event);
  });
}

function errorDecoder({ status }: Head, listener: AnswerListener): AnswerDecoder {
  return new ErrorDecoder(listener, (text) => salesforceError(status, text));
}
