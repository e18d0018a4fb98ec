// A call of one vendor's API, asked of an upstream with another's, and the answer back: decoder,
// middle form and encoder of each half put together.
// Invariant: an answer is said to be whole only where the upstream said why it finished. It must
// close it too, or say nothing else for a while (src/layers/convert). A lenient route
// forgives the lack of either, except in streams of Responses.

import { mediaType } from '../answer-form.ts';
import type { Call } from '../../core/call.ts';
import type { Conversion, ConvertedRequest, PlainerConversion } from '../../core/conversion.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderEdit } from '../../core/header-edit.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { documentDecoder, streamDecoder } from './answer-decoders.ts';
import { answerEnds } from './answer-ends.ts';
import type { AnswerDecoder, AnswerListener, AskedFor, ModelDialect } from './answer-events.ts';
import type { EncoderDeps } from './answer-writer.ts';
import { askedFor } from './asked-for.ts';
import { cannotConvert } from './cannot-convert.ts';
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
  /** What is found out about the upstream, shared by all pairs at it; absent = known here alone. */
  readonly habits?: UpstreamHabits;
}

/** What an upstream was found not to take. Ends with its configuration; a flag, so bounded. */
export class UpstreamHabits {
  /** It refuses the request for token counts of a stream. */
  refusesStreamOptions: boolean = false;
}

/** The version of Anthropic's API that the encoders write. */
const ANTHROPIC_VERSION = '2023-06-01';

/** Converts between two of the three model APIs. */
export class FormatConversion implements Conversion {
  readonly #pair: FormatPair;
  readonly #habits: UpstreamHabits;
  readonly #streamFields: HeaderEdit;
  readonly #documentFields: HeaderEdit;
  /** Asks for no token counts; some servers refuse the field for it. */
  readonly #plainer: PlainerConversion;

  constructor(pair: FormatPair) {
    const { habits = new UpstreamHabits() } = pair;
    this.#pair = pair;
    this.#habits = habits;
    this.#streamFields = fieldsFor(pair.to, 'text/event-stream');
    this.#documentFields = fieldsFor(pair.to, 'application/json');
    this.#plainer = {
      request: (call, body) => this.#convert(call, body, false),
      isAskedBy: (refusal) => refusal.includes('stream_options'),
      taken: () => {
        habits.refusesStreamOptions = true;
      },
    };
  }

  request(call: Call, body: Uint8Array): ConvertedRequest | CallError {
    return this.#convert(call, body, !this.#habits.refusesStreamOptions);
  }

  #convert(call: Call, body: Uint8Array, countsStreams: boolean): ConvertedRequest | CallError {
    const { from, to, nameOf, limits, path } = this.#pair;
    const decoded = decodeRequest(from, body);
    if (isProblem(decoded)) return cannotConvert(decoded);
    const { request } = decoded;
    const streamUsage = limits.streamUsage !== false && countsStreams;
    const own = { ...limits, model: nameOf(request.model), streamUsage };
    const encoded = encodeRequest(to, request, own);
    if (isProblem(encoded)) return cannotConvert(encoded);
    const unsaid = [...encoded.dropped, ...lostFields(from, call.headers)];
    const isCounted = to === 'openai-chat' && request.stream && streamUsage;
    return {
      path: path(call.path),
      headers: this.#headers(call.headers, request.stream),
      body: Buffer.from(encoded.body),
      ...losses(decoded.dropped, unsaid),
      answer: answerOf(this.#pair, call, askedFor(request, encoded)),
      plainer: isCounted ? this.#plainer : undefined,
    };
  }

  #headers(headers: HeaderList, stream: boolean): HeaderList {
    const edited = (stream ? this.#streamFields : this.#documentFields).apply(headers);
    return this.#pair.bearsKey ? withBearer(edited) : edited;
  }
}

/** Made apart from the request, which a closure beside it would keep as long as the stream runs. */
function answerOf(
  { from, to, answers }: FormatPair,
  { id, route }: Call,
  asked: AskedFor,
): ConvertedRequest['answer'] {
  const { lenient } = route;
  return (head, out) => {
    const ends = answerEnds(from, asked, answers, id, (heard) =>
      decoderFor(to, head, heard, lenient),
    );
    return new ModelAnswer(head, ends, out);
  };
}

/** Header fields that ask for something, and do not reach another vendor. */
function lostFields(from: ModelDialect, headers: HeaderList): string[] {
  return from === 'anthropic' && headers.has('anthropic-beta') ? ['anthropic-beta'] : [];
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
function decoderFor(
  to: ModelDialect,
  head: Head,
  listener: AnswerListener,
  lenient: boolean,
): AnswerDecoder {
  if (head.status >= 400) {
    return new ErrorDecoder(listener, (text) => decodeError(to, head.status, text));
  }
  const type = mediaType(head.headers.get('content-type') ?? '');
  if (type === 'text/event-stream') return streamDecoder(to, listener, lenient);
  if (type === 'application/json') return documentDecoder(to, listener, lenient);
  // A page of some proxy, most likely.
  return new ErrorDecoder(listener, (text) => decodeError(to, 502, text));
}
