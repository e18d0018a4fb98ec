// A call of any model API, asked of the Salesforce Models API: which of its surfaces takes it, in
// what words, and how the answer is read.
// Source: the reference on Salesforce, sections 2, 6, 7 and 8.

import type { Call } from '../../core/call.ts';
import type { Conversion, ConvertedRequest } from '../../core/conversion.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderEdit } from '../../core/header-edit.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { answerEncoder } from '../conversion/answer-encoders.ts';
import type { AskedFor, ModelDialect } from '../conversion/answer-events.ts';
import type { EncoderDeps } from '../conversion/answer-writer.ts';
import { askedFor } from '../conversion/asked-for.ts';
import { fieldsOfUpstream, withBearer } from '../conversion/caller-fields.ts';
import { encodeAnthropicRequest } from '../conversion/encode-anthropic-request.ts';
import { encodeError } from '../conversion/encode-error.ts';
import { ModelAnswer } from '../conversion/model-answer.ts';
import { isProblem } from '../conversion/model-request.ts';
import type { EncodeLimits, ModelRequest, RequestProblem } from '../conversion/model-request.ts';
import { decodeRequest } from '../conversion/request-formats.ts';
import { defaultDocumentedRequestOptions, documentedRequest } from './documented-request.ts';
import { EmbeddingsAnswer } from './embeddings-answer.ts';
import { embeddingsRequest } from './documented-embeddings.ts';
import { NativePass } from './native-pass.ts';
import { defaultNativeRequestOptions, nativeRequest } from './native-request.ts';
import { isRequestProblem } from './request-problem.ts';
import { documentedDecoder, nativeDecoder } from './salesforce-decoders.ts';
import { salesforceHeaders } from './salesforce-headers.ts';

/** What is configured of an org. */
export interface SalesforceOptions {
  readonly surface: 'auto' | 'documented' | 'native';
  readonly unsupported: 'reject' | 'drop';
  readonly thinking: 'keep' | 'adaptive';
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
    if (isRequestProblem(sent)) return new CallError('CANNOT_CONVERT', { detail: sent.message });
    return { ...sent, headers: this.#headers(call.headers) };
  }

  #headers(headers: HeaderList): HeaderList {
    const edited = this.#fields.apply(headers);
    return this.#pair.bearsKey ? withBearer(edited) : edited;
  }

  #ask(call: Call, from: ModelDialect, body: Uint8Array): Sent | RequestProblem {
    const decoded = decodeRequest(from, body);
    if (isProblem(decoded)) return decoded;
    const { request, dropped } = decoded;
    const name = this.#pair.nameOf(request.model);
    const { surface } = this.#pair.options;
    const isNative = surface === 'native' || (surface === 'auto' && ANTHROPIC_MODEL.test(name));
    if (!isNative) return this.#documented(call, from, request, name, dropped);
    return from === 'anthropic'
      ? this.#native(call, request, Buffer.from(body).toString('utf8'), name)
      : this.#nativeFromOther(call, from, request, name, dropped);
  }

  /** What Anthropic's callers say passes as it is, fields unknown here included. */
  #native(call: Call, request: ModelRequest, text: string, name: string): Sent | RequestProblem {
    const { limits } = this.#pair;
    const options = {
      ...defaultNativeRequestOptions,
      thinking: this.#pair.options.thinking,
      maxTokens: limits.maxTokens,
      omit: limits.sampling === false ? ['temperature', 'top_p'] : [],
    };
    const betas = call.headers.all('anthropic-beta').join(',');
    const sent = nativeRequest(text, name, betas === '' ? undefined : betas, options);
    if (isRequestProblem(sent)) return sent;
    return {
      path: sent.path,
      body: Buffer.from(sent.body),
      dropped: sent.dropped,
      counted: sent.dropped.length > 0 ? ['field'] : [],
      answer: (head, out) => new NativePass(head, out, request.stream, call.id),
    };
  }

  #nativeFromOther(
    call: Call,
    from: ModelDialect,
    request: ModelRequest,
    name: string,
    unread: readonly string[],
  ): Sent | RequestProblem {
    const encoded = encodeAnthropicRequest(request, { ...this.#pair.limits, model: name });
    if (isProblem(encoded)) return encoded;
    const sent = nativeRequest(encoded.body, name, undefined);
    if (isRequestProblem(sent)) return sent;
    const asked = askedFor(request, encoded);
    return {
      path: sent.path,
      body: Buffer.from(sent.body),
      dropped: [...new Set([...unread, ...encoded.dropped])],
      counted: unread.length > 0 ? ['field', ...encoded.dropped] : encoded.dropped,
      answer: (head, out) =>
        new ModelAnswer(
          head,
          this.#ends(call, from, asked, (listener) => nativeDecoder(head, listener)),
          out,
        ),
    };
  }

  #documented(
    call: Call,
    from: ModelDialect,
    request: ModelRequest,
    name: string,
    unread: readonly string[],
  ): Sent | RequestProblem {
    const { unsupported } = this.#pair.options;
    const options = { ...defaultDocumentedRequestOptions, unsupported, tools: unsupported };
    const sent = documentedRequest(request, name, options);
    if (isRequestProblem(sent)) return sent;
    const asked = askedFor(request, { body: '', dropped: [], toolNames: new Map() });
    return {
      path: sent.path,
      body: Buffer.from(sent.body),
      dropped: [...new Set([...unread, ...sent.dropped])],
      counted: unread.length > 0 ? ['field', ...sent.dropped] : sent.dropped,
      answer: (head, out) => {
        const context = {
          id: this.#pair.answers.newId('msg_'),
          model: request.model,
          stop: request.stop,
          estimatedInputTokens: asked.estimatedInputTokens,
          streamed: request.stream,
          // The vendor gives the text and only marks it.
          toxicRefuses: false,
        };
        const ends = this.#ends(call, from, asked, (listener) =>
          documentedDecoder(head, context, listener),
        );
        return new ModelAnswer(head, ends, out);
      },
    };
  }

  #ends(
    call: Call,
    from: ModelDialect,
    asked: AskedFor,
    decoder: ConstructorParameters<typeof ModelAnswer>[1]['decoder'],
  ): ConstructorParameters<typeof ModelAnswer>[1] {
    return {
      decoder,
      encoder: answerEncoder(from, asked, this.#pair.answers),
      error: (error) => encodeError(from, error, call.id),
      isDocument: !asked.stream,
    };
  }

  #embed(body: Uint8Array): Sent | RequestProblem {
    const text = Buffer.from(body).toString('utf8');
    const model = modelOf(text);
    const { nameOf, options } = this.#pair;
    const sent = embeddingsRequest(text, nameOf(model), options.unsupported);
    if (isRequestProblem(sent)) return sent;
    return {
      path: sent.path,
      body: Buffer.from(sent.body),
      dropped: sent.dropped,
      counted: sent.dropped,
      answer: (head: Head, out) => new EmbeddingsAnswer(head, out, model, sent),
    };
  }
}

/** The model that a body names; '' where it names none or is no JSON. */
function modelOf(text: string): string {
  try {
    const { model } = JSON.parse(text) as { readonly model?: unknown };
    return typeof model === 'string' ? model : '';
  } catch {
    return '';
  }
}
