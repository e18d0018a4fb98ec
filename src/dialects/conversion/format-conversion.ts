// A call of one vendor's API, asked of an upstream with another's, and the answer back: decoder,
// middle form and encoder of each half put together.
// Invariant: an answer is said to be whole only where the upstream's own closing event was read.

import { mediaType } from '../answer-form.ts';
import type { Call } from '../../core/call.ts';
import type { Conversion, ConvertedRequest } from '../../core/conversion.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderEdit } from '../../core/header-edit.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { documentDecoder, streamDecoder } from './answer-decoders.ts';
import { answerEnds } from './answer-ends.ts';
import type { AnswerDecoder, AnswerListener, ModelDialect } from './answer-events.ts';
import type { EncoderDeps } from './answer-writer.ts';
import { askedFor } from './asked-for.ts';
import { fieldsOfUpstream, withBearer } from './caller-fields.ts';
import { decodeError } from './decode-error.ts';
import { ErrorDecoder } from './error-decoder.ts';
import { losses } from './losses.ts';
import { ModelAnswer } from './model-answer.ts';
import { isProblem } from './model-request.ts';
import type { EncodeLimits } from './model-request.ts';
import { decodeRequest, encodeRequest } from './request-formats.ts';

/** One pair of formats, at one upstream. */
export interface FormatPair {
  readonly from: ModelDialect;
  readonly to: ModelDialect;
  /** What a model is called at the upstream. */
  readonly nameOf: (asked: string) => string;
  readonly limits: Omit<EncodeLimits, 'model'>;
  /** The path to ask, for that of the caller. */
  readonly path: (asked: string) => string;
  /** The caller's own key is sent on, in the field that the upstream looks at. */
  readonly bearsKey: boolean;
  readonly answers: EncoderDeps;
}

/** The version of Anthropic's API that the encoders write. */
const ANTHROPIC_VERSION = '2023-06-01';

/** Converts between two of the three model APIs. */
export class FormatConversion implements Conversion {
  readonly #pair: FormatPair;
  readonly #streamFields: HeaderEdit;
  readonly #documentFields: HeaderEdit;

  constructor(pair: FormatPair) {
    this.#pair = pair;
    this.#streamFields = fieldsFor(pair.to, 'text/event-stream');
    this.#documentFields = fieldsFor(pair.to, 'application/json');
  }

  request(call: Call, body: Uint8Array): ConvertedRequest | CallError {
    const { from, to, nameOf, limits } = this.#pair;
    const decoded = decodeRequest(from, body);
    if (isProblem(decoded)) return new CallError('CANNOT_CONVERT', { detail: decoded.message });
    const { request } = decoded;
    const encoded = encodeRequest(to, request, { ...limits, model: nameOf(request.model) });
    if (isProblem(encoded)) return new CallError('CANNOT_CONVERT', { detail: encoded.message });
    const asked = askedFor(request, encoded);
    const { id } = call;
    const { answers } = this.#pair;
    return {
      path: this.#pair.path(call.path),
      headers: this.#headers(call.headers, request.stream),
      body: Buffer.from(encoded.body),
      ...losses(decoded.dropped, encoded.dropped),
      answer: (head, out) => {
        const ends = answerEnds(from, asked, answers, id, (heard) => decoderFor(to, head, heard));
        return new ModelAnswer(head, ends, out);
      },
    };
  }

  #headers(headers: HeaderList, stream: boolean): HeaderList {
    const edited = (stream ? this.#streamFields : this.#documentFields).apply(headers);
    return this.#pair.bearsKey ? withBearer(edited) : edited;
  }
}

function fieldsFor(to: ModelDialect, accept: string): HeaderEdit {
  const own: [string, string][] = [
    ['content-type', 'application/json'],
    ['accept', accept],
  ];
  if (to === 'anthropic') own.push(['anthropic-version', ANTHROPIC_VERSION]);
  return fieldsOfUpstream(own);
}

/** The decoder for an answer with this head. */
function decoderFor(to: ModelDialect, head: Head, listener: AnswerListener): AnswerDecoder {
  if (head.status >= 400) {
    return new ErrorDecoder(listener, (text) => decodeError(to, head.status, text));
  }
  const type = mediaType(head.headers.get('content-type') ?? '');
  if (type === 'text/event-stream') return streamDecoder(to, listener);
  if (type === 'application/json') return documentDecoder(to, listener);
  // A page of some proxy, most likely.
  return new ErrorDecoder(listener, (text) => decodeError(to, 502, text));
}
