// A call of any model API, asked of the Salesforce Models API: which of its surfaces takes it, in
// what words, and how the answer is read.
// Source: the reference on Salesforce, sections 2, 6, 7 and 8.

import type { Call } from '../../core/call.ts';
import type { Conversion, ConvertedRequest } from '../../core/conversion.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderEdit } from '../../core/header-edit.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { answerEnds } from '../conversion/answer-ends.ts';
import type {
  AnswerDecoder,
  AnswerListener,
  AskedFor,
  ModelDialect,
} from '../conversion/answer-events.ts';
import type { EncoderDeps } from '../conversion/answer-writer.ts';
import { askedFor } from '../conversion/asked-for.ts';
import { cannotConvert } from '../conversion/cannot-convert.ts';
import { fieldsOfUpstream, withBearer } from '../conversion/caller-fields.ts';
import { encodeAnthropicRequest } from '../conversion/encode-anthropic-request.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import { losses } from '../conversion/losses.ts';
import { ModelAnswer } from '../conversion/model-answer.ts';
import { isProblem } from '../conversion/model-request.ts';
import type { DecodedRequest, EncodeLimits, RequestProblem } from '../conversion/model-request.ts';
import { modelIn } from '../conversion/rename-model.ts';
import { decodeRequest } from '../conversion/request-formats.ts';
import { anthropicFit } from '../conversion/thinking-fit.ts';
import { documentedRequest, needsNativeSurface } from './documented-request.ts';
import type { DocumentedEndpoint } from './documented-request.ts';
import { EmbeddingsAnswer } from './embeddings-answer.ts';
import { embeddingsRequest } from './documented-embeddings.ts';
import { NativePass } from './native-pass.ts';
import { hostBetas } from './native-betas.ts';
import { nativeRequest } from './native-request.ts';
import { isRequestProblem } from './request-problem.ts';
import { documentedDecoder, nativeDecoder } from './salesforce-decoders.ts';
import { salesforceHeaders } from './salesforce-headers.ts';

/** What is configured of an org. */
export interface SalesforceOptions {
  readonly surface: 'auto' | 'documented' | 'native';
  /** How the documented surface is asked for texts. */
  readonly endpoint: DocumentedEndpoint;
  readonly unsupported: 'reject' | 'drop';
  /** Further members of every request for a text on the documented surface. */
  readonly members: JsonObject;
  /** What an answer counts as that the documented surface marks as toxic. */
  readonly toxic: 'pass' | 'refusal';
  /** Names that may pass on the native surface; `undefined` = what the model is known to take. */
  readonly betas: readonly string[] | undefined;
  readonly appContext: string;
  readonly featureId: string;
}

/** One caller's format at one org. */
export interface SalesforcePair {
  readonly from: ModelDialect | 'openai-embeddings';
  /** What a model is called there. */
  readonly nameOf: (asked: string) => string;
  readonly limits: Omit<EncodeLimits, 'model'>;
  readonly options: SalesforceOptions;
  /** The caller's own token is sent on. */
  readonly bearsKey: boolean;
  readonly answers: EncoderDeps;
}

/** Models that the native surface knows in Anthropic's own form. */
const ANTHROPIC_MODEL = /anthropic|claude/i;
/** Models that it does not know. Whose an org's own model is, its name need not tell. */
const OTHER_MODEL = /^sfdc_ai__Default|openai|gpt|gemini|vertex/i;

/** A request on its way, in whatever form. */
type Sent = Omit<ConvertedRequest, 'headers'>;

/** Converts calls for the Models API. */
export class SalesforceConversion implements Conversion {
  readonly #pair: SalesforcePair;
  readonly #fields: HeaderEdit;

  constructor(pair: SalesforcePair) {
    this.#pair = pair;
    this.#fields = fieldsOfUpstream([
      ['content-type', 'application/json;charset=utf-8'],
      ['accept', '*/*'],
      ...salesforceHeaders(pair.options),
    ]);
  }

  request(call: Call, body: Uint8Array): ConvertedRequest | CallError {
    const { from } = this.#pair;
    const sent = from === 'openai-embeddings' ? this.#embed(body) : this.#ask(call, from, body);
    if (isRequestProblem(sent)) return cannotConvert(sent);
    return { ...sent, headers: this.#headers(call.headers) };
  }

  #headers(headers: HeaderList): HeaderList {
    const edited = this.#fields.apply(headers);
    return this.#pair.bearsKey ? withBearer(edited) : edited;
  }

  #ask(call: Call, from: ModelDialect, body: Uint8Array): Sent | RequestProblem {
    const name = this.#pair.nameOf(modelIn(body)?.model ?? '');
    const surface = this.#surfaceFor(name);
    if (surface === 'native' && from === 'anthropic') return this.#native(call, body, name);
    const decoded = decodeRequest(from, body);
    if (isProblem(decoded)) return decoded;
    const isNative =
      surface === 'native' || (surface === 'either' && needsNativeSurface(decoded.request));
    if (!isNative) return this.#documented(call.id, from, decoded, name);
    return from === 'anthropic'
      ? this.#native(call, body, name)
      : this.#nativeFromOther(call.id, from, decoded, name);
  }

  /** `either`: the name does not tell, so the documented one where it can do what is asked. */
  #surfaceFor(name: string): 'documented' | 'native' | 'either' {
    const { surface } = this.#pair.options;
    if (surface !== 'auto') return surface;
    if (ANTHROPIC_MODEL.test(name)) return 'native';
    return OTHER_MODEL.test(name) ? 'documented' : 'either';
  }

  /** What Anthropic's callers say passes as it is, fields unknown here included. */
  #native({ id, headers }: Call, body: Uint8Array, name: string): Sent | RequestProblem {
    const { limits, options } = this.#pair;
    const betas = headers.all('anthropic-beta').join(',');
    const text = Buffer.from(body).toString('utf8');
    const sent = nativeRequest(text, name, betas === '' ? undefined : betas, {
      betas: options.betas ?? hostBetas(name),
      thinking: anthropicFit({ ...limits, model: name }),
      maxTokens: limits.maxTokens,
      sampling: limits.sampling !== false,
    });
    if (isRequestProblem(sent)) return sent;
    const { path, stream, dropped } = sent;
    return {
      path,
      body: Buffer.from(sent.body),
      ...losses([], dropped),
      answer: (head, out) => new NativePass(head, out, stream, id),
    };
  }

  #nativeFromOther(
    id: string,
    from: ModelDialect,
    { request, dropped }: DecodedRequest,
    name: string,
  ): Sent | RequestProblem {
    const encoded = encodeAnthropicRequest(request, { ...this.#pair.limits, model: name });
    if (isProblem(encoded)) return encoded;
    const sent = nativeRequest(encoded.body, name, undefined);
    if (isRequestProblem(sent)) return sent;
    return {
      path: sent.path,
      body: Buffer.from(sent.body),
      ...losses(dropped, encoded.dropped),
      answer: this.#answer(id, from, askedFor(request, encoded), nativeDecoder),
    };
  }

  #documented(
    id: string,
    from: ModelDialect,
    { request, dropped }: DecodedRequest,
    name: string,
  ): Sent | RequestProblem {
    const { endpoint, members, toxic, unsupported } = this.#pair.options;
    const laterSystem = this.#pair.limits.laterSystem === false ? 'fold' : 'in-place';
    const options = { endpoint, unsupported, laterSystem, members } as const;
    const sent = documentedRequest(request, name, options);
    if (isRequestProblem(sent)) return sent;
    const asked = askedFor(request, { body: '', dropped: [], toolNames: new Map() });
    const context = {
      id: this.#pair.answers.newId('msg_'),
      model: request.model,
      stop: request.stop,
      estimatedInputTokens: asked.estimatedInputTokens,
      streamed: request.stream,
      toxicRefuses: toxic === 'refusal',
    };
    return {
      path: sent.path,
      body: Buffer.from(sent.body),
      ...losses(dropped, sent.dropped),
      answer: this.#answer(id, from, asked, (head, listener) =>
        documentedDecoder(head, context, listener),
      ),
    };
  }

  /** Apart from the request, which a closure beside it would keep as long as the stream runs. */
  #answer(
    id: string,
    from: ModelDialect,
    asked: AskedFor,
    decode: (head: Head, listener: AnswerListener) => AnswerDecoder,
  ): Sent['answer'] {
    const { answers } = this.#pair;
    return (head, out) => {
      const ends = answerEnds(from, asked, answers, id, (listener) => decode(head, listener));
      return new ModelAnswer(head, ends, out);
    };
  }

  #embed(body: Uint8Array): Sent | RequestProblem {
    const text = Buffer.from(body).toString('utf8');
    const model = modelIn(body)?.model ?? '';
    const { nameOf, options } = this.#pair;
    const sent = embeddingsRequest(text, nameOf(model), options.unsupported);
    if (isRequestProblem(sent)) return sent;
    // The answer needs these alone: with the request beside them all its texts would be kept.
    const { packed, inputs, estimatedTokens } = sent;
    const asked = { packed, inputs, estimatedTokens };
    return {
      path: sent.path,
      body: Buffer.from(sent.body),
      ...losses([], sent.dropped),
      answer: (head: Head, out) => new EmbeddingsAnswer(head, out, model, asked),
    };
  }
}
